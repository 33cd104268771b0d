"""A processor beside the accelerator: registers behind AXI4-Lite."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bitsim.spec.host.host import HostSpec


class AxiLiteHostSpec(HostSpec):
    """Registers behind an AXI4-Lite port, memory behind the masters: a processor is beside it."""

    kind: Literal["axi4lite"] = Field(description="how the host reaches the registers")

"""How a host may reach an accelerator."""

from __future__ import annotations

import pytest

from bitsim.errors import BitsimError
from bitsim.spec import catalog
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.host.serial import SerialHostSpec


def machine(clock_mhz: float = 25.0, **host: object) -> AcceleratorSpec:
    table = {"kind": "serial", "baud": 1_000_000, "memory_bytes": 4096} | host
    return catalog.load_accelerator("dot_16x40_axi").changed(
        {"clock_mhz": clock_mhz, "host": table}
    )


def test_the_divisor_is_the_nearest() -> None:
    host = machine().host
    assert isinstance(host, SerialHostSpec)
    assert host.divisor(25.0) == 25
    assert host.divisor(12.0) == 12
    assert machine(12.0, baud=115_200).host.divisor(12.0) == 104  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("clock_mhz", "host", "text"),
    [
        (7.0, {}, "host.baud = 1000000: a bit has 7 cycles of clock_mhz = 7.0, and needs 8 to"),
        (8.5, {}, "8.5 divided by 8 is 1062500 baud, +6.2%, and at most 1% is sure"),
        (25.0, {"memory_bytes": 4100}, "host.memory_bytes = 4100 is not a multiple of a word"),
        (25.0, {"memory_bytes": 0}, "memory_bytes = 0"),
        (25.0, {"baud": 300}, "baud = 300"),
        (25.0, {"kind": "usb"}, "usb"),
        (25.0, {"parity": 1}, "parity: unknown field"),
    ],
)
def test_a_line_that_cannot_work_is_refused(
    clock_mhz: float, host: dict[str, object], text: str
) -> None:
    with pytest.raises(BitsimError) as caught:
        machine(clock_mhz, **host)
    assert text in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_host_without_a_bus_is_refused() -> None:
    with pytest.raises(BitsimError, match=r"host: it has registers .* add \[bus\]"):
        catalog.load_accelerator("dot_16x40").changed({"host": {"kind": "axi4lite"}})

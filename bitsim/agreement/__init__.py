"""The independent readings of a machine held against each other, value by value."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bitsim.agreement.check import check_machine as check_machine
    from bitsim.agreement.check import check_random_machines as check_random_machines
    from bitsim.agreement.check import check_random_tops as check_random_tops
    from bitsim.agreement.tokens.whole import check_tokens as check_tokens

_HOMES = {  # imported when used: generation needs no Amaranth
    "check_machine": "bitsim.agreement.check",
    "check_random_machines": "bitsim.agreement.check",
    "check_random_tops": "bitsim.agreement.check",
    "check_tokens": "bitsim.agreement.tokens.whole",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'bitsim.agreement' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)

"""The Verilog of everything that ships: the same bytes from every Python, whatever its hash seed.

`PYTHON=python3.13 make test` asks it of another interpreter: Amaranth takes the names of signals
from bytecode, which differs from version to version.
"""

from __future__ import annotations

import pytest

from tests.gateware.emit.shipped import digest, recorded, shipped


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_accelerator_is_written_as_it_was_recorded(name: str) -> None:
    text = shipped()[name]()
    # What Amaranth calls a signal that Python assigned to no single name.
    assert "\\$sig" not in text
    assert digest(text) == recorded()[name], (
        f"{name} is no longer what was recorded: python -m tests.gateware.emit.shipped, if it is "
        f"to be so"
    )


def test_nothing_is_recorded_that_does_not_ship() -> None:
    assert list(recorded()) == list(shipped())

"""Pins of `models/boards` against amaranth-boards, which we did not write."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from bitsim.spec import catalog

# Its platform, and its resources for: clock, LEDs of busy and irq, reset button (or None).
PLATFORMS = {
    "ice40_hx8k_evn": (
        *("ice40_hx8k_b_evn", "ICE40HX8KBEVNPlatform"),
        *("clk12", ("led", 0), ("led", 1), None),
    ),
    "tang_nano_9k": (
        *("tang_nano_9k", "TangNano9kPlatform"),
        *("clk27", ("led", 0), ("led", 1), ("button", 1)),
    ),
    "ulx3s_85f": (
        *("ulx3s", "ULX3S_85F_Platform"),
        *("clk25", ("led", 0), ("led", 1), ("button_fire", 0)),
    ),
}


def pins(resource: Any) -> dict[str, tuple[str, bool]]:
    """Pin and whether it is inverted, of each part; a resource of one pin has the part ''."""
    found = {}
    for each in resource.ios:
        name, part = (each.name, each.ios[0]) if hasattr(each, "ios") else ("", each)
        found[name] = (part.names[0], part.invert)
    return found


def test_every_board_is_compared():
    assert sorted(PLATFORMS) == catalog.names("boards")


@pytest.mark.parametrize("name", list(PLATFORMS))
def test_pins_and_clock_are_those_of_amaranth_boards(name):
    module, kind, clock, busy, irq, button = PLATFORMS[name]
    platform = getattr(importlib.import_module(f"amaranth_boards.{module}"), kind)()
    board = catalog.load_board(name)

    oscillator = platform.lookup(clock, 0)
    assert pins(oscillator)[""] == (board.clock.pin, False)
    assert oscillator.clock.frequency == board.clock.mhz * 1e6
    uart = pins(platform.lookup("uart", 0))
    assert uart["rx"] == (board.uart.rx, False)
    assert uart["tx"] == (board.uart.tx, False)
    leds = board.leds
    assert pins(platform.lookup(*busy))[""] == (leds.busy, leds.active_low)
    assert pins(platform.lookup(*irq))[""] == (leds.irq, leds.active_low)
    if button is None:
        assert board.reset is None
    else:
        assert board.reset is not None
        assert pins(platform.lookup(*button))[""] == (board.reset.pin, board.reset.active_low)


@pytest.mark.parametrize("name", list(PLATFORMS))
def test_the_device_is_that_of_amaranth_boards(name):
    module, kind, *_ = PLATFORMS[name]
    platform = getattr(importlib.import_module(f"amaranth_boards.{module}"), kind)
    board = catalog.load_board(name)
    if board.family == "gowin":
        assert f"GW1NR-LV9{board.package}{board.speed}" == platform.part
        assert board.device == platform.family
    elif board.family == "ice40":
        assert f"iCE40{board.device}" == platform.device
        assert board.package.upper() == platform.package
    else:
        assert board.device == platform.device
        assert board.package == platform.package.replace("BG", "CABGA")
        assert board.speed == platform.speed

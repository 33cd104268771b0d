"""Constraint files to the letter, and ports that are those of the top level."""

from __future__ import annotations

import pytest

from bitsim.fpga.build import constraints
from bitsim.gateware.board.top import BoardTop
from bitsim.spec import catalog

TEXTS = {
    "ulx3s_85f": (
        constraints.lpf,
        """LOCATE COMP "clk_pin" SITE "G2";
IOBUF PORT "clk_pin" IO_TYPE=LVCMOS33 PULLMODE=NONE;
LOCATE COMP "rx" SITE "M1";
IOBUF PORT "rx" IO_TYPE=LVCMOS33 PULLMODE=UP;
LOCATE COMP "tx" SITE "L4";
IOBUF PORT "tx" IO_TYPE=LVCMOS33 PULLMODE=NONE;
LOCATE COMP "busy_led" SITE "B2";
IOBUF PORT "busy_led" IO_TYPE=LVCMOS33 PULLMODE=NONE;
LOCATE COMP "irq_led" SITE "C2";
IOBUF PORT "irq_led" IO_TYPE=LVCMOS33 PULLMODE=NONE;
LOCATE COMP "reset_button" SITE "R1";
IOBUF PORT "reset_button" IO_TYPE=LVCMOS33 PULLMODE=DOWN;
FREQUENCY PORT "clk_pin" 25.0 MHZ;
""",
    ),
    "ice40_hx8k_evn": (
        constraints.pcf,
        """set_io clk_pin J3
set_io -pullup yes rx B10
set_io tx B12
set_io busy_led C3
set_io irq_led B3
set_frequency clk_pin 12.0
""",
    ),
    "tang_nano_9k": (
        constraints.cst,
        """IO_LOC "clk_pin" 52;
IO_PORT "clk_pin" IO_TYPE=LVCMOS33 PULL_MODE=NONE;
IO_LOC "rx" 18;
IO_PORT "rx" IO_TYPE=LVCMOS33 PULL_MODE=UP;
IO_LOC "tx" 17;
IO_PORT "tx" IO_TYPE=LVCMOS33 PULL_MODE=NONE;
IO_LOC "busy_led" 10;
IO_PORT "busy_led" IO_TYPE=LVCMOS18 PULL_MODE=NONE;
IO_LOC "irq_led" 11;
IO_PORT "irq_led" IO_TYPE=LVCMOS18 PULL_MODE=NONE;
IO_LOC "reset_button" 4;
IO_PORT "reset_button" IO_TYPE=LVCMOS18 PULL_MODE=UP;
""",
    ),
}


@pytest.mark.parametrize("name", catalog.names("boards"))
def test_the_text_of_every_board(name):
    write, expected = TEXTS[name]
    assert write(catalog.load_board(name)) == expected


@pytest.mark.parametrize("name", catalog.names("boards"))
def test_every_port_has_one_place_and_every_place_a_port(name):
    board = catalog.load_board(name)
    top = BoardTop(catalog.load_accelerator(board.accelerator), board)
    placed = [port for port, *_ in constraints.places(board)]
    assert sorted(placed) == sorted(top.signature.members)
    pins = [pin for _, pin, *_ in constraints.places(board)]
    assert sorted(pins) == sorted(board.pins.values())

"""Boards: what is refused, and that nothing unchecked can reach a constraint file."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from bitsim.errors import BitsimError
from bitsim.spec import base, catalog
from bitsim.spec.board import BoardSpec


@pytest.fixture(scope="module")
def board() -> BoardSpec:
    return catalog.load_board("ulx3s_85f")


INJECTED = ['A1"; B', "A1;", "A1\n", "A 1", "[exec ls]", "$x", "{A1}", "", "A123456789", "Ä1"]


@pytest.mark.parametrize("pin", INJECTED)
@pytest.mark.parametrize("use", ["clock.pin", "uart.rx", "uart.tx", "leds.busy", "leds.irq"])
def test_a_pin_is_letters_and_digits(board, use, pin):
    with pytest.raises(BitsimError, match=use):
        board.changed({use: pin})


@pytest.mark.parametrize("word", ['LVCMOS33"', "A;B", "A\nB", "A B", "$A", "", "-A", "A" * 33])
@pytest.mark.parametrize(
    "field",
    ["device", "package", "speed", "clock.io_standard", "uart.io_standard", "leds.io_standard"],
)
def test_a_word_of_another_program_is_letters_digits_and_dashes(board, field, word):
    with pytest.raises(BitsimError, match=field):
        board.changed({field: word})


@pytest.mark.parametrize("name", ["a-b", "a b", "1a", "a;b", "", "a\n", "ä"])
def test_a_name_is_one_of_verilog(board, name):
    with pytest.raises(BitsimError, match="name"):
        board.changed({"name": name})


def test_a_pin_cannot_have_two_uses(board):
    with pytest.raises(BitsimError, match=r"leds\.irq = 'B2' is the pin of leds\.busy"):
        board.changed({"leds.irq": board.leds.busy})
    with pytest.raises(BitsimError, match=r"reset\.pin = 'G2' is the pin of clock\.pin"):
        board.changed({"reset.pin": board.clock.pin})


def test_the_command_to_load_says_where_the_bitstream_goes(board):
    with pytest.raises(BitsimError, match="bitstream"):
        board.changed({"program": "iceprog"})


def test_unknown_families_pulls_and_fields_are_refused(board):
    for settings in ({"family": "xilinx"}, {"reset.pull": "strong"}, {"leds.colour": "red"}):
        with pytest.raises(BitsimError, match=next(iter(settings))):
            board.changed(settings)


def test_a_machine_without_a_serial_host_is_refused(board):
    with pytest.raises(BitsimError, match=r"host is none.*such as dot_16x16_ulx3s"):
        board.require(catalog.load_accelerator("dot_16x40"))
    with pytest.raises(BitsimError, match=r'host is kind = "axi4lite"'):
        board.require(catalog.load_accelerator("dot_16x40_axi"))


def test_a_machine_of_another_clock_is_refused(board):
    machine = catalog.load_accelerator(board.accelerator)
    board.require(machine)
    with pytest.raises(BitsimError, match=r"clock_mhz = 50\.0.*write clock_mhz = 25\.0"):
        board.require(machine.changed({"clock_mhz": 50.0}))


@pytest.mark.parametrize("name", catalog.names("boards"))
def test_the_machine_of_every_board_fits_it(name):
    board = catalog.load_board(name)
    board.require(catalog.load_accelerator(board.accelerator))


def test_an_unknown_board_is_named_with_the_nearest():
    with pytest.raises(BitsimError, match="did you mean 'ulx3s_85f'"):
        catalog.load_board("ulx3s")


def test_the_file_in_the_documents_is_that_board_as_far_as_it_goes(board):
    page = Path(__file__).resolve().parents[2] / "docs" / "boards.md"
    (text,) = re.findall(r"```toml\n(.*?)```", page.read_text(), re.DOTALL)
    shown = base.check(BoardSpec, tomllib.loads(text), "docs/boards.md")
    assert shown.model_copy(update={"note": board.note}) == board

"""Which port of a board's top level is at which pin, in the words of each family's tool."""

from __future__ import annotations

from bitsim.errors import BitsimError
from bitsim.gateware.board.top import BUSY_LED, CLOCK, IRQ_LED, RESET_BUTTON, RX, TX
from bitsim.spec.board import BoardSpec

# port, pin, io_standard, resistor
Place = tuple[str, str, str, str]


def places(board: BoardSpec) -> list[Place]:
    """Every port of the top level. An open serial line is held at 1, where nothing is sent."""
    uart, leds, button = board.uart, board.leds, board.reset
    found = [
        (CLOCK, board.clock.pin, board.clock.io_standard, "none"),
        (RX, uart.rx, uart.io_standard, "up"),
        (TX, uart.tx, uart.io_standard, "none"),
        (BUSY_LED, leds.busy, leds.io_standard, "none"),
        (IRQ_LED, leds.irq, leds.io_standard, "none"),
    ]
    if button is not None:
        found.append((RESET_BUTTON, button.pin, button.io_standard, button.pull))
    return found


def lpf(board: BoardSpec) -> str:
    """Lattice Diamond's preferences, as nextpnr-ecp5 reads them."""
    lines = []
    for port, pin, standard, pull in places(board):
        lines += [
            f'LOCATE COMP "{port}" SITE "{pin}";',
            f'IOBUF PORT "{port}" IO_TYPE={standard} PULLMODE={pull.upper()};',
        ]
    lines.append(f'FREQUENCY PORT "{CLOCK}" {board.clock.mhz} MHZ;')
    return "\n".join([*lines, ""])


def pcf(board: BoardSpec) -> str:
    """Lattice iCEcube's pins, as nextpnr-ice40 reads them: there is no word for a standard."""
    lines = []
    for port, pin, standard, pull in places(board):
        if standard != "SB_LVCMOS" or pull == "down":
            raise BitsimError(
                f"{board.name}: {port} has io_standard = '{standard}' and pull = '{pull}'; iCE40 "
                f"has 'SB_LVCMOS', and 'none' or 'up'"
            )
        lines.append(f"set_io {'-pullup yes ' if pull == 'up' else ''}{port} {pin}")
    lines.append(f"set_frequency {CLOCK} {board.clock.mhz}")
    return "\n".join([*lines, ""])


def cst(board: BoardSpec) -> str:
    """Gowin's physical constraints, as nextpnr-himbaechel reads them."""
    lines = []
    for port, pin, standard, pull in places(board):
        lines += [
            f'IO_LOC "{port}" {pin};',
            f'IO_PORT "{port}" IO_TYPE={standard} PULL_MODE={pull.upper()};',
        ]
    return "\n".join([*lines, ""])

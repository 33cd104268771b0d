"""Reset of a board: when power comes, and by its button."""

from __future__ import annotations

from amaranth.sim import Simulator

from bitsim.gateware.board.top import BoardReset, BoardTop
from bitsim.gateware.emit.verilog import emit_part
from bitsim.spec.catalog import load_accelerator, load_board

CYCLES = 6


def resets(button: list[int]) -> list[int]:
    """`reset` in each cycle from the first on; the button changes just behind a clock edge."""
    part = BoardReset(CYCLES)
    seen: list[int] = []

    async def bench(ctx):
        for level in button:
            ctx.set(part.button, level)
            seen.append(ctx.get(part.reset))
            await ctx.tick()

    simulator = Simulator(part)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return seen


def test_reset_is_there_from_the_first_cycle_and_then_goes():
    assert resets([0] * 12) == [1] * (CYCLES + 1) + [0] * (11 - CYCLES)


def test_a_button_held_keeps_it_and_a_bounce_begins_anew():
    pressed = [0] * 10 + [1] * 3 + [0] * 2 + [1] + [0] * 12
    # Two cycles of synchroniser and one of the register behind what is pressed.
    assert resets(pressed) == [1] * 7 + [0] * 6 + [1] * (6 + CYCLES) + [0] * (3)


def test_the_polarity_of_leds_and_button_is_the_boards():
    text = {}
    for low in (False, True):
        board = load_board("ulx3s_85f").changed({"leds.active_low": low, "reset.active_low": low})
        machine = load_accelerator("dot_2x8_hx8k").changed({"clock_mhz": 25.0})
        text[low] = emit_part("board", BoardTop(machine, board))
        top = text[low][text[low].index("module board(") :].split("endmodule")[0]
        assert top.count("~") == (3 if low else 0), top
        assert ("~ reset_button" in top) == low
        assert ("~ accelerator__busy" in top) == low
        assert ("~ accelerator__irq" in top) == low


def test_a_board_without_a_button_has_no_port_for_it():
    board = load_board("ice40_hx8k_evn")
    machine = load_accelerator(board.accelerator)
    text = emit_part("board", BoardTop(machine, board))
    top = text[text.index("module board(") :].split("endmodule")[0]
    assert "reset_button" not in top
    assert f"left = 9'h{32 * 12:03x}" in text  # 32 us of 12 MHz

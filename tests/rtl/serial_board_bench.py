"""A board behind a pseudo-terminal: an accelerator with a serial line, bit for bit, under cocotb.

`+work=FOLDER` has plan.json: `divisor` (clock cycles of a bit), `skew` (of the host's bits; 0.02 is
2 % longer), `seed` and `damage` (of each byte that passes, either way: that a bit of it is wrong,
that it is lost, that another comes before it, each with a third of this probability). The name of
the terminal is in line.txt once it can be opened; the board runs until there is a file `stop`, then
it says in damaged.txt how many bytes it damaged.
"""

import json
import os
import pty
import random
import tty
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, Timer

PERIOD_STEPS = 200
IDLE_CYCLES = 200  # between two looks at the terminal
WORK = Path(cocotb.plusargs["work"])
PLAN = json.loads((WORK / "plan.json").read_text())


class Damage:
    """What happens to bytes on their way."""

    def __init__(self):
        self.done = 0
        self._drawn = random.Random(PLAN["seed"])

    def __call__(self, byte):
        """What arrives for a byte."""
        if self._drawn.random() >= PLAN["damage"]:
            return [byte]
        self.done += 1
        kind = self._drawn.randrange(3)
        if kind == 0:
            return [byte ^ 1 << self._drawn.randrange(8)]
        return [] if kind == 1 else [self._drawn.choice([0xA5, 0x00, 0xFF]), byte]


async def hear(dut, terminal, damage):
    """What the accelerator sends goes to the terminal."""
    bit = PLAN["divisor"] * PERIOD_STEPS
    while True:
        await FallingEdge(dut.tx)
        await Timer(bit + bit // 2, "step")
        byte = 0
        for place in range(8):
            byte |= int(dut.tx.value) << place
            await Timer(bit, "step")
        assert int(dut.tx.value) == 1, "the stop bit is 0"
        os.write(terminal, bytes(damage(byte)))


async def say(dut, byte):
    """One byte to the accelerator, with the host's idea of a bit."""
    bit = round(PLAN["divisor"] * PERIOD_STEPS * (1 + PLAN["skew"]))
    for level in (0, *(byte >> place & 1 for place in range(8)), 1):
        dut.rx.value = level
        await Timer(bit, "step")


@cocotb.test()
async def a_board(dut):
    terminal, line = pty.openpty()
    tty.setraw(line)
    os.set_blocking(terminal, False)
    Clock(dut.clk, PERIOD_STEPS, "step", impl="gpi").start()
    dut.rst.value = 1
    dut.rx.value = 1
    await ClockCycles(dut.clk, 4)
    dut.rst.value = 0
    await ClockCycles(dut.clk, 4)
    damage = Damage()
    cocotb.start_soon(hear(dut, terminal, damage))
    (WORK / "line.part").write_text(os.ttyname(line))
    (WORK / "line.part").rename(WORK / "line.txt")
    while not (WORK / "stop").exists():
        try:
            data = os.read(terminal, 4096)
        except BlockingIOError:
            await ClockCycles(dut.clk, IDLE_CYCLES)
            continue
        for byte in data:
            for each in damage(byte):
                await say(dut, each)
    (WORK / "damaged.txt").write_text(str(damage.done))

"""`rtl/vivado/run_list.c` as the processor beside a simulated accelerator.

`+plan=FILE` is an .npz: `ports`, `program` and its `arguments`, `buffer` (a file that is memory
from `address` on). The program asks for registers over two pipes (`register_pipe.h`).
"""

import json
import mmap
import os
import subprocess
from pathlib import Path

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.task import bridge, resume
from cocotb.triggers import ClockCycles
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiRamRead,
    AxiRamWrite,
    AxiReadBus,
    AxiWriteBus,
)
from cocotbext.axi.constants import AxiResp

PLAN = np.load(cocotb.plusargs["plan"])


class Buffer:
    """The shared file at its address; nothing else is memory."""

    def __init__(self, path, address):
        with Path(path).open("r+b") as file:
            self._bytes = mmap.mmap(file.fileno(), 0)
        self._address = address

    def __len__(self):
        return 1 << 40

    def _place(self, where):
        first, last = where.start - self._address, where.stop - self._address
        assert 0 <= first < last <= len(self._bytes), hex(where.start)
        return slice(first, last)

    def __getitem__(self, where):
        return self._bytes[self._place(where)]

    def __setitem__(self, where, data):
        self._bytes[self._place(where)] = bytes(data)


@cocotb.test()
async def the_program_runs_its_list(dut):
    Clock(dut.clk, 2, "step", impl="gpi").start()
    memory = Buffer(str(PLAN["buffer"]), int(PLAN["address"]))
    for port in PLAN["ports"]:
        AxiRamRead(AxiReadBus.from_prefix(dut, f"m_axi_{port}"), dut.clk, dut.rst, mem=memory)
    AxiRamWrite(AxiWriteBus.from_prefix(dut, "m_axi_results"), dut.clk, dut.rst, mem=memory)
    dut.rst.value = 1
    master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), dut.clk, dut.rst)
    await ClockCycles(dut.clk, 4)
    dut.rst.value = 0

    @resume
    async def read(offset):
        answer = await master.read(offset, 4)
        assert answer.resp == AxiResp.OKAY, hex(offset)
        return int.from_bytes(answer.data, "little")

    @resume
    async def write(offset, value):
        answer = await master.write(offset, value.to_bytes(4, "little"))
        assert answer.resp == AxiResp.OKAY, hex(offset)

    def run():
        to_us, from_program = os.pipe()
        to_program, from_us = os.pipe()
        command = [
            str(PLAN["program"]),
            *map(str, PLAN["arguments"]),
            f"{from_program},{to_program}",
        ]
        with subprocess.Popen(
            command, pass_fds=[from_program, to_program], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            os.close(from_program)
            os.close(to_program)
            with os.fdopen(to_us) as requests, os.fdopen(from_us, "w") as answers:
                for line in requests:
                    offset, *value = (int(word, 16) for word in line.split())
                    word = write(offset, *value) if value else read(offset)
                    print(f"{word or 0:x}", file=answers, flush=True)
            said, complaint = process.communicate()
        return process.returncode, said, complaint

    status, said, complaint = await bridge(run)()
    Path(cocotb.plusargs["kept"]).write_text(json.dumps([status, said, complaint]))

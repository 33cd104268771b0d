"""The cocotb test of the memory on the chip: cocotbext-axi's masters and a host, all at once.

`+plan=FILE` is JSON: `readers`, `word_bytes`, `memory_bytes`. Each has a part of the memory of its
own; the parts of the readers are filled by the host first.
"""

import json
import random
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge, Timer
from cocotbext.axi import AxiMasterRead, AxiMasterWrite, AxiReadBus, AxiWriteBus
from cocotbext.axi.constants import AxiResp

PLAN = json.loads(Path(cocotb.plusargs["plan"]).read_text())
BYTES = PLAN["memory_bytes"]
BURSTS = 60


def pauses(seed, percent):
    """For each cycle, whether a channel holds still."""
    drawn = random.Random(seed)
    while True:
        yield drawn.randrange(100) < percent


class Host:
    """Words of 32 bits, one at a time."""

    def __init__(self, dut):
        self._dut = dut
        dut.host__valid.value = 0

    async def _ask(self, write, index, data):
        self._dut.host__valid.value = 1
        self._dut.host__write.value = write
        self._dut.host__index.value = index
        self._dut.host__data.value = data
        while True:
            await FallingEdge(self._dut.clk)
            if int(self._dut.host__ready.value):
                break
        await RisingEdge(self._dut.clk)
        self._dut.host__valid.value = 0
        await FallingEdge(self._dut.clk)
        answer = int(self._dut.host__answer.value)
        await RisingEdge(self._dut.clk)
        return answer

    async def write(self, index, data):
        await self._ask(1, index, data)

    async def read(self, index):
        return await self._ask(0, index, 0)


async def read_a_part(reader, first, image, seed):
    """Bursts of any length from any word, and some that end outside of the memory."""
    drawn = random.Random(seed)
    word_bytes = PLAN["word_bytes"]
    words = len(image) // word_bytes
    for _ in range(BURSTS):
        start = drawn.randrange(words)
        count = drawn.randrange(1, words - start + 1)
        answer = await reader.read(first + start * word_bytes, count * word_bytes)
        assert answer.resp == AxiResp.OKAY
        assert answer.data == image[start * word_bytes : (start + count) * word_bytes]
        if drawn.random() < 0.2:
            beyond = drawn.choice([BYTES - word_bytes, BYTES, 1 << 31])
            answer = await reader.read(beyond, 2 * word_bytes)
            assert answer.resp == AxiResp.DECERR


async def write_a_part(writer, first, size, image, seed):
    """Bytes from any address on: strobes of the first and last word are partial."""
    drawn = random.Random(seed)
    for _ in range(BURSTS):
        start = drawn.randrange(size)
        data = drawn.randbytes(drawn.randrange(1, size - start + 1))
        answer = await writer.write(first + start, data)
        assert answer.resp == AxiResp.OKAY
        image[start : start + len(data)] = data
        if drawn.random() < 0.2:
            # The first word is in the memory, and is not written either.
            answer = await writer.write(BYTES - PLAN["word_bytes"], bytes(2 * PLAN["word_bytes"]))
            assert answer.resp == AxiResp.DECERR


async def use_a_part(host, first, size, seed):
    """Words of the host, there and back."""
    drawn = random.Random(seed)
    held = {}
    for _ in range(6 * BURSTS):
        index = drawn.randrange(first // 4, (first + size) // 4)
        if index in held and drawn.random() < 0.5:
            assert await host.read(index) == held[index]
        else:
            held[index] = drawn.getrandbits(32)
            await host.write(index, held[index])


@cocotb.test()
@cocotb.parametrize(percent=[0, 50])
async def everyone_reads_what_was_written(dut, percent):
    Clock(dut.clk, 2, "step", impl="gpi").start()
    dut.rst.value = 1
    channels, readers = [], []
    for index in range(PLAN["readers"]):
        bus = AxiReadBus.from_prefix(dut, f"read_{index}_")
        reader = AxiMasterRead(bus, dut.clk, dut.rst, max_burst_len=16)
        channels += [reader.ar_channel, reader.r_channel]
        readers.append(reader)
    writer = AxiMasterWrite(AxiWriteBus.from_prefix(dut, "write_"), dut.clk, dut.rst)
    channels += [writer.aw_channel, writer.w_channel, writer.b_channel]
    for seed, channel in enumerate(channels):
        channel.set_pause_generator(pauses(seed, percent))
    host = Host(dut)
    await ClockCycles(dut.clk, 4)
    dut.rst.value = 0
    await RisingEdge(dut.clk)

    part = BYTES // 4  # of the readers together two, of the writer and the host one each
    drawn = random.Random(percent)
    images = []
    for index in range(len(readers)):
        size = 2 * part // len(readers) // PLAN["word_bytes"] * PLAN["word_bytes"]
        images.append(drawn.randbytes(size))
        for place in range(0, size, 4):
            word = int.from_bytes(images[-1][place : place + 4], "little")
            await host.write((index * size + place) // 4, word)
    written = bytearray(part)
    for place in range(part // 4):
        await host.write((2 * part + place * 4) // 4, 0)
    await host.write(BYTES // 4 - 1, 0x600DBEEF)

    await Timer(1, "step")
    tasks = [
        cocotb.start_soon(read_a_part(reader, index * len(image), image, index))
        for index, (reader, image) in enumerate(zip(readers, images, strict=True))
    ]
    tasks.append(cocotb.start_soon(write_a_part(writer, 2 * part, part, written, 7)))
    tasks.append(cocotb.start_soon(use_a_part(host, 3 * part, part - 4, 8)))
    for task in tasks:
        await task
    for place in range(part // 4):
        expected = int.from_bytes(written[4 * place : 4 * place + 4], "little")
        assert await host.read((2 * part) // 4 + place) == expected
    assert await host.read(BYTES // 4 - 1) == 0x600DBEEF

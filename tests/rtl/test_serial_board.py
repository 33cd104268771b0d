"""The host's end of the serial line against the Verilog of an accelerator behind a terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from cocotb_tools.check_results import get_results

from bitsim.agreement.memory_map import place_products
from bitsim.agreement.random_case import random_activations, random_weights
from bitsim.errors import BitsimError
from bitsim.fpga.driver import Driver
from bitsim.fpga.frames import Frame, FrameReader
from bitsim.fpga.serial_link import SerialLink, open_serial
from bitsim.gateware.bench import TOP
from bitsim.gateware.bench_run import generator
from bitsim.gateware.stimulus import arranged
from bitsim.gateware.top_stimulus import Machine, Product, read_images
from bitsim.gateware.verilator import build
from bitsim.gateware.verilog import emit_accelerator
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.bus import BusLayout
from bitsim.spec.catalog import load_accelerator
from bitsim.spec.registers import register_map
from bitsim.spec.serial_protocol import REFUSED, Kind, Refusal
from bitsim.trace.job import Job
from bitsim.trace.world import ideal_world

FIELDS = {
    "array.columns": 2, "array.lanes": 5, "array.slices": 1, "array.hold": 2,
    "array.tree_stages": 1, "array.accumulator_bits": 20, "array.max_k": 100,
    "array.weight_fifo_beats": 2, "array.activation_buffer_beats": 40,
    "array.result_fifo_beats": 2, "bus.data_bits": 64, "bus.weight_ports": 2,
    "bus.burst_words": 8, "bus.read_fifo_words": 16, "bus.write_fifo_words": 8,
    "bus.list_entries": 6, "clock_mhz": 0.25,
}  # fmt: skip
HOST = {"kind": "serial", "baud": 31_250, "memory_bytes": 4096}
DIVISOR = 8
SPEED = 115_200  # of the terminal, which has none


def spec() -> AcceleratorSpec:
    return load_accelerator("dot_16x40_axi").changed({**FIELDS, "host": HOST})


@pytest.fixture(scope="module")
def binary(bench_work: Path) -> Path:
    machine = spec()
    seen = [f'public_flat_rw -module "{TOP}" -var "{name}"' for name in ("clk", "rst", "rx", "tx")]

    def make_texts() -> dict[str, str]:
        return {
            "accelerator.v": emit_accelerator(TOP, machine),
            "ports.vlt": "\n".join(["`verilator_config", *seen, ""]),
        }

    return build([repr(machine), *seen, *generator()], make_texts, [], bench_work, "-O1")


@dataclass
class Board:
    line: str
    damaged: int = 0  # bytes, known when it has stopped


@contextmanager
def board(binary: Path, work: Path, skew: float = 0, damage: float = 0) -> Iterator[Board]:
    """A board that runs; `line` is its terminal."""
    plan = {"divisor": DIVISOR, "skew": skew, "damage": damage, "seed": 3}
    (work / "plan.json").write_text(json.dumps(plan))
    here = Path(__file__).parent
    with (work / "log.txt").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, here / "serial_board.py", binary, work],
            env=os.environ | {"PYTHONPATH": str(here)},
            stdout=log,
            stderr=log,
        )
    found = Board("")
    try:
        deadline = time.monotonic() + 60
        while not (work / "line.txt").exists():
            assert process.poll() is None, (work / "log.txt").read_text()[-4000:]
            assert time.monotonic() < deadline
            time.sleep(0.05)
        found.line = (work / "line.txt").read_text()
        yield found
    finally:
        (work / "stop").touch()
        process.wait(60)
    assert get_results(work / "results.xml") == (1, 0), (work / "log.txt").read_text()[-4000:]
    found.damaged = int((work / "damaged.txt").read_text())


def products(layout: BusLayout) -> list[Product]:
    rng = np.random.default_rng(8)
    jobs = [
        Job(f"phase_{i}", random_weights(rng, n, k), random_activations(rng, m, k))
        for i, (n, k, m) in enumerate([(3, 20, 3), (5, 13, 2), (1, 1, 1)])
    ]
    entries = place_products(layout, jobs, first_address=8)
    return [Product(job, entry) for job, entry in zip(jobs, entries, strict=True)]


def run_products(link: SerialLink, machine: AcceleratorSpec) -> dict[str, int]:
    """Everything over the line; the counters, if every value is right."""
    assert machine.bus is not None
    layout = BusLayout(machine.array, machine.bus)
    work = products(layout)
    link.hello()
    driver = Driver(link, register_map(machine), link.name)
    driver.identify()
    world = ideal_world(machine.bus.weight_ports)
    for images in read_images(Machine(machine.array, machine.bus, [work], world, {})):
        for address, data in images.items():
            link.write_memory(address, data.tobytes())
    driver.write_list([product.entry for product in work])
    driver.start(len(work))
    driver.wait(most_s=60)
    for product in work:
        entry = product.entry
        size_bytes = entry.results_words * machine.bus.word_bytes
        stored = np.frombuffer(link.read_memory(entry.results_address, size_bytes), np.uint8)
        found = arranged(machine.array, product.job, layout.result_sums(stored))
        assert np.array_equal(found, product.job.expected())
    return driver.counters()


@pytest.mark.parametrize("skew", [-0.02, 0.02])
def test_a_list_runs_over_a_line_that_is_two_percent_too_fast_and_too_slow(
    binary: Path, tmp_path: Path, skew: float
) -> None:
    machine = spec()
    with board(binary, tmp_path, skew) as running, open_serial(running.line, SPEED) as link:
        counters = run_products(link, machine)
        assert link.repeats == 0
    assert counters["list_cycles"] > counters["array_cycles"] > 0
    assert counters["result_words"] == 3 * 2 + 3 * 2 + 1


def test_damage_on_the_line_changes_nothing(binary: Path, tmp_path: Path) -> None:
    """Bits, lost and added bytes: requests are repeated, and nothing is done twice."""
    with (
        board(binary, tmp_path, damage=0.003) as running,
        open_serial(running.line, SPEED, answer_s=0.5, tries=12) as link,
    ):
        counters = run_products(link, spec())
        repeats = link.repeats
    assert running.damaged >= 5
    assert repeats > 0
    assert counters["array_cycles"] > 0


def test_what_the_board_refuses_is_said_and_does_not_stop_it(binary: Path, tmp_path: Path) -> None:
    with board(binary, tmp_path) as running, open_serial(running.line, SPEED, tries=2) as link:
        link.hello()
        for fault in (
            lambda: link.read_memory(4092, 8),
            lambda: link.write_memory(4096, bytes(4)),
            lambda: link.read_memory(2, 4),
            lambda: link.read_registers(0x700, 1),
            lambda: link.read_registers(0x3FC, 800),
        ):
            with pytest.raises(
                BitsimError, match=r"^/dev/\S+: the board refused \w+ at 0x\w+: ADDRESS; "
            ):
                fault()
        assert link.repeats == 0
        link.write_memory(4088, b"abcdefgh")
        assert link.read_memory(4092, 4) == b"efgh"
        driver = Driver(link, register_map(spec()), link.name)
        with pytest.raises(BitsimError, match="the start of 0 list entries was refused"):
            driver.start(0)
        other = register_map(spec().changed({"array.lanes": 4, "array.max_k": 80}))
        with pytest.raises(BitsimError, match=r"DIGEST\.value = .*load the board"):
            Driver(link, other, link.name).identify()


def talk(descriptor: int, data: bytes, most_s: float = 20) -> list[Frame]:
    """Frames that come until one has come, for bytes that are no request of a link."""
    os.write(descriptor, data)
    reader = FrameReader()
    deadline = time.monotonic() + most_s
    while time.monotonic() < deadline:
        try:
            frames = reader.take(os.read(descriptor, 100))
        except BlockingIOError:
            time.sleep(0.01)
            continue
        if frames:
            return frames
    return []


def test_raw_frames_are_answered_as_the_document_says(binary: Path, tmp_path: Path) -> None:
    with board(binary, tmp_path) as running:
        line = os.open(running.line, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
        hello = Frame(Kind.HELLO, 1, b"")
        done = [Frame(0x81, 1, b"")]
        assert talk(line, hello.encoded()) == done
        assert talk(line, b"\x00\xff\x5a garbage \x81" + hello.encoded()) == done

        broken = bytearray(hello.encoded())
        broken[-1] ^= 1
        assert talk(line, bytes(broken)) == [Frame(REFUSED, 1, bytes([Refusal.DAMAGED]))]
        assert talk(line, hello.encoded()[:-1]) == [Frame(REFUSED, 1, bytes([Refusal.DAMAGED]))]
        # A length that cannot be: everything behind it is its rest, until the line is silent.
        endless = b"\xa5\x01\x07\xff\xff" + hello.encoded()
        assert talk(line, endless) == [Frame(REFUSED, 7, bytes([Refusal.DAMAGED]))]
        long = Frame(Kind.WRITE_MEMORY, 8, bytes(4) + b"\x81\x00" + bytes(4 * 129))
        assert talk(line, long.encoded()) == [Frame(REFUSED, 8, bytes([Refusal.DAMAGED]))]
        assert talk(line, hello.encoded()) == done

        for frame, refusal in (
            (Frame(0x00, 2, b""), Refusal.KIND),
            (Frame(0x06, 2, bytes(6)), Refusal.KIND),
            (Frame(Kind.HELLO, 3, b"x"), Refusal.LENGTH),
            (Frame(Kind.READ_MEMORY, 4, bytes(5)), Refusal.LENGTH),
            (Frame(Kind.READ_MEMORY, 5, bytes(6)), Refusal.LENGTH),
            (Frame(Kind.READ_MEMORY, 5, bytes(4) + b"\x81\x00"), Refusal.LENGTH),
            (Frame(Kind.WRITE_MEMORY, 6, bytes(4) + b"\x02\x00" + bytes(4)), Refusal.LENGTH),
            (Frame(Kind.READ_MEMORY, 7, b"\x00\x10\x00\x00\x01\x00"), Refusal.ADDRESS),
            (Frame(Kind.READ_MEMORY, 7, b"\x00\x00\x00\x80\x01\x00"), Refusal.ADDRESS),
            (Frame(Kind.WRITE_MEMORY, 7, b"\x00\x20\x00\x00\x01\x00word"), Refusal.ADDRESS),
            (Frame(Kind.READ_REGISTERS, 8, b"\x00\x00\x01\x00\x01\x00"), Refusal.ADDRESS),
            (Frame(Kind.READ_REGISTERS, 8, b"\x00\x10\x00\x00\x01\x00"), Refusal.ADDRESS),
        ):
            answer = Frame(REFUSED, frame.sequence, bytes([refusal]))
            assert talk(line, frame.encoded()) == [answer], frame

        # The same number again is the same request again; after HELLO it is another.
        store = Frame(Kind.WRITE_MEMORY, 9, b"\x00\x00\x00\x00\x01\x00once")
        again = Frame(Kind.WRITE_MEMORY, 9, b"\x00\x00\x00\x00\x01\x00more")
        load = Frame(Kind.READ_MEMORY, 9, b"\x00\x00\x00\x00\x01\x00")
        assert talk(line, store.encoded()) == [Frame(0x85, 9, b"")]
        assert talk(line, again.encoded()) == [Frame(0x85, 9, b"")]
        assert talk(line, load.encoded()) == [Frame(0x84, 9, b"once")]
        assert talk(line, Frame(Kind.HELLO, 9, b"").encoded()) == [Frame(0x81, 9, b"")]
        assert talk(line, again.encoded()) == [Frame(0x85, 9, b"")]
        assert talk(line, load.encoded()) == [Frame(0x84, 9, b"more")]
        os.close(line)

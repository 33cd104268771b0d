"""The host's end of the serial line against the Verilog of an accelerator behind a terminal."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from bitsim.agreement.arrays.random import random_activations, random_weights
from bitsim.agreement.lists.memory_map import place_products
from bitsim.errors import BitsimError
from bitsim.fpga.line.driver import Driver
from bitsim.fpga.line.frames import Frame, FrameReader
from bitsim.fpga.line.serial_link import SerialLink, open_serial
from bitsim.spec import encoding
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.catalog import load_accelerator
from bitsim.spec.host.serial_protocol import REFUSED, Kind, Refusal
from bitsim.spec.link.axi4 import BusLayout, ListEntry
from bitsim.spec.registers.map import register_map
from bitsim.trace.job import Job
from bitsim.verilated.arrays.stimulus import beats_of, sums_of
from bitsim.verilated.serial.process import PERFECT, Line, SerialProcess, build_serial_process

CATALOG = load_accelerator("dot_2x10_serial")
# Nothing divides anything: several ports, beats that fill no whole words, sums of two vectors.
ODD = CATALOG.changed(
    {
        "name": "odd_serial",
        "array.lanes": 5,
        "array.max_k": 100,
        "array.slices": 2,
        "array.hold": 2,
        "array.activation_buffer_beats": 40,
        "bus.data_bits": 64,
        "bus.weight_ports": 2,
        "bus.burst_words": 8,
        "bus.read_fifo_words": 16,
        "bus.write_fifo_words": 8,
        "bus.list_entries": 6,
        "host.memory_bytes": 4096,
    }
)


@contextmanager
def board(machine: AcceleratorSpec, work: Path, line: Line = PERFECT) -> Iterator[SerialProcess]:
    """A board that runs; its bytes are whole when it has ended."""
    with SerialProcess(build_serial_process(machine, work), machine, line) as running:
        yield running
    assert running.stop().broken_bytes == 0


@contextmanager
def linked(running: SerialProcess, **options: float) -> Iterator[SerialLink]:
    with open_serial(running.path, CATALOG.host.baud, **options) as link:
        yield link


def products(layout: BusLayout) -> list[tuple[Job, ListEntry]]:
    rng = np.random.default_rng(8)
    jobs = [
        Job(f"phase_{i}", random_weights(rng, n, k), random_activations(rng, m, k))
        for i, (n, k, m) in enumerate([(3, 20, 3), (5, 13, 2), (1, 1, 1)])
    ]
    return list(zip(jobs, place_products(layout, jobs, first_address=8), strict=True))


def bring(link: SerialLink, layout: BusLayout, job: Job, entry: ListEntry) -> None:
    array = layout.array
    image = encoding.weight_image(job.weights, array.columns, array.lanes, array.weight_packing)
    for port, data in enumerate(layout.weight_bytes(image)):
        link.write_memory(entry.weights_address + port * entry.weights_stride, data.tobytes())
    beats = beats_of(array, job.phase, job.activations)
    link.write_memory(entry.activations_address, layout.activation_bytes(beats).tobytes())


def layout_of(machine: AcceleratorSpec) -> BusLayout:
    assert machine.bus is not None
    return BusLayout(machine.array, machine.bus)


def run_products(link: SerialLink, machine: AcceleratorSpec) -> dict[str, int]:
    """Everything over the line; the counters, if every value is right."""
    assert machine.bus is not None
    layout = layout_of(machine)
    work = products(layout)
    link.hello()
    driver = Driver(link, register_map(machine), link.name)
    driver.identify()
    for job, entry in work:
        bring(link, layout, job, entry)
    driver.write_list([entry for _, entry in work])
    driver.start(len(work))
    driver.wait(most_s=60)
    for job, entry in work:
        size_bytes = entry.results_words * layout.bus.word_bytes
        stored = np.frombuffer(link.read_memory(entry.results_address, size_bytes), np.uint8)
        found = sums_of(machine.array, job.phase, layout.result_sums(stored))
        assert np.array_equal(found, job.expected())
    return driver.counters()


MACHINES = [CATALOG, pytest.param(ODD, marks=pytest.mark.full)]


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
@pytest.mark.parametrize("skew", [-0.02, 0.02])
def test_a_list_runs_over_a_line_that_is_two_percent_too_fast_and_too_slow(
    bench_work: Path, machine: AcceleratorSpec, skew: float
) -> None:
    with board(machine, bench_work, Line(skew=skew)) as running, linked(running) as link:
        counters = run_products(link, machine)
        assert link.repeats == 0
        passed = running.stop()
        assert passed.received_bytes + passed.sent_bytes == link.line_bytes
    assert passed.damaged_bytes == 0
    assert counters["list_cycles"] > counters["array_cycles"] > 0
    tiling = [machine.array.tiling(job.phase) for job, _ in products(layout_of(machine))]
    beats = sum(each.result_beats for each in tiling)
    assert counters["result_words"] == beats * layout_of(machine).result_words


def test_a_line_that_is_too_fast_to_be_understood_is_told(bench_work: Path) -> None:
    with (
        board(CATALOG, bench_work, Line(skew=-0.15)) as running,
        linked(running, answer_s=0.1, tries=2) as link,
        pytest.raises(BitsimError, match="no answer to HELLO"),
    ):
        link.hello()


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_damage_on_the_line_changes_nothing(bench_work: Path, machine: AcceleratorSpec) -> None:
    """Bits, lost and added bytes: requests are repeated, and nothing is done twice."""
    line = Line(damage=0.01, seed=3)
    with (
        board(machine, bench_work, line) as running,
        linked(running, answer_s=0.5, tries=12) as link,
    ):
        counters = run_products(link, machine)
        repeats = link.repeats
    assert running.stop().damaged_bytes >= 5
    assert repeats > 0
    assert counters["array_cycles"] > 0


def comes_to_rest(running: SerialProcess) -> bool:
    """Between two looks it has not run, sooner or later: after the silence that ends a frame."""
    for _ in range(120):
        begun = running.processor_seconds()
        time.sleep(0.5)
        if running.processor_seconds() == begun:
            return True
    return False


def test_a_board_that_nobody_asks_stands_still(bench_work: Path) -> None:
    with board(CATALOG, bench_work) as running:
        with linked(running) as link:
            link.hello()
        assert comes_to_rest(running)
        with linked(running) as link:
            link.hello()
            assert link.repeats == 0


def test_what_the_board_refuses_is_said_and_does_not_stop_it(bench_work: Path) -> None:
    end = CATALOG.host.memory_bytes
    with board(CATALOG, bench_work) as running, linked(running, tries=2) as link:
        link.hello()
        for fault in (
            lambda: link.read_memory(end - 4, 8),
            lambda: link.write_memory(end, bytes(4)),
            lambda: link.read_memory(2, 4),
            lambda: link.read_registers(0x700, 1),
            lambda: link.read_registers(0x3FC, 800),
        ):
            with pytest.raises(
                BitsimError, match=r"^/dev/\S+: the board refused \w+ at 0x\w+: ADDRESS; "
            ):
                fault()
        assert link.repeats == 0
        link.write_memory(end - 8, b"abcdefgh")
        assert link.read_memory(end - 4, 4) == b"efgh"
        driver = Driver(link, register_map(CATALOG), link.name)
        with pytest.raises(BitsimError, match="the start of 0 list entries was refused"):
            driver.start(0)
        other = register_map(CATALOG.changed({"array.hold": 4}))
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


def test_raw_frames_are_answered_as_the_document_says(bench_work: Path) -> None:
    with board(CATALOG, bench_work) as running:
        line = os.open(running.path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
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
            (Frame(Kind.READ_MEMORY, 7, b"\x00\x00\x20\x00\x01\x00"), Refusal.ADDRESS),
            (Frame(Kind.READ_MEMORY, 7, b"\x00\x00\x00\x80\x01\x00"), Refusal.ADDRESS),
            (Frame(Kind.WRITE_MEMORY, 7, b"\x00\x00\x40\x00\x01\x00word"), Refusal.ADDRESS),
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

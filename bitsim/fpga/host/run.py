"""`bitsim fpga host`: a network's ternary products on a board, everything else in the reference."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bitsim.callbacks import Progress, Say
from bitsim.digest import code_digest
from bitsim.errors import BitsimError
from bitsim.files.journal import Journal
from bitsim.fpga.host.memory import BoardMemory
from bitsim.fpga.host.products import BoardProducts, framed_bytes, line_bytes
from bitsim.fpga.host.result import Answer, HostResult
from bitsim.fpga.host.walk import Walk
from bitsim.fpga.line.serial_link import LINE_BITS, SerialLink, open_serial
from bitsim.reference.checkpoints.load import (
    load_network,
    load_shape,
    needed_bytes,
    weights_digest,
)
from bitsim.reference.generation.generate import context_needed
from bitsim.reference.generation.together import generate_together
from bitsim.reference.kernels.product.product import exact_product
from bitsim.reference.memory import require_memory
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.link.axi4 import BusLayout
from bitsim.spec.phase import Phase
from bitsim.trace.event import Event
from bitsim.trace.reader import Trace
from bitsim.verilated.serial.process import serial_host


@dataclass(frozen=True)
class BoardPort:
    """A board at a serial port, with what the user says about it.

    port          path of the port or terminal
    memory_bytes  memory that may be used; None: all that the accelerator's file says
    answer_s      seconds allowed for an answer, beside the time of its bytes
    """

    accelerator: AcceleratorSpec
    port: str
    memory_bytes: int | None = None
    answer_s: float = 1.0
    tries: int = 8

    def memory(self, phases: Sequence[Phase]) -> BoardMemory:
        """For these products; `BitsimError` if it is too small or the array cannot run one."""
        host, bus = serial_host(self.accelerator), self.accelerator.bus
        assert bus is not None
        size = min(self.memory_bytes or host.memory_bytes, host.memory_bytes)
        return BoardMemory(BusLayout(self.accelerator.array, bus), size, phases)

    @contextmanager
    def link(self) -> Iterator[SerialLink]:
        """Its line, opened."""
        baud = serial_host(self.accelerator).baud
        with open_serial(self.port, baud, answer_s=self.answer_s, tries=self.tries) as link:
            yield link


def ask_board(
    board: BoardPort,
    network: str,
    prompts: Sequence[str],
    max_tokens: int,
    work: Path,
    layers: int | None = None,
    seed: int = 0,
    say: Say = lambda text: None,
    on_answer: Callable[[Answer], object] = lambda answer: None,
    begin_progress: Callable[[], Progress] = lambda: lambda done, of: None,
) -> HostResult:
    """Continue prompts, all together, their ternary products computed on a board.

    layers  the first so many on the board, the others in the reference; None: all
    work    keeps what is finished until all is
    """
    spec = load_shape(network)
    on_board = spec.layers if layers is None else min(layers, spec.layers)
    shapes = [product.phase(1) for layer in range(on_board) for product in spec.products(layer)]
    memory = board.memory(shapes)
    require_memory(needed_bytes(network), spec.name)
    loaded = load_network(network, seed)
    ids = [loaded.tokenizer.encode(prompt) for prompt in prompts]
    for each in ids:
        context_needed(loaded.spec, each, max_tokens)
    vectors = [sum(map(len, ids)), *[len(ids)] * (max_tokens - 1)]
    phases = [phase.changed({"m": m}) for m in vectors for phase in shapes]
    total = _say_plan(board, memory, phases, say)

    about = (memory.layout, memory.memory_bytes, loaded.spec, ids, max_tokens, on_board)
    identity = [*map(repr, about), weights_digest(network, seed), code_digest(__name__)]
    journal = Journal(work, "answers", "product", identity)
    placed = frozenset(phase.name for phase in shapes)
    answers: dict[int, Answer] = {}

    def ended(place: int, token_ids: list[int]) -> None:
        text = loaded.tokenizer.decode(token_ids)
        answers[place] = Answer(prompts[place], text, tuple(token_ids))
        on_answer(answers[place])

    def walk_through(walk: Walk) -> None:
        def product(event: Event) -> NDArray[np.int32]:
            return walk.step([event])[0] if event.name in placed else exact_product(event)

        generate_together(loaded, ids, max_tokens, product, ended)

    return _at_board(
        board, memory, journal, spec.name, total, walk_through, answers, say, begin_progress
    )


def replay_on_board(
    board: BoardPort,
    trace: Trace,
    work: Path,
    layers: int | None = None,
    passes: int | None = None,
    say: Say = lambda text: None,
    begin_progress: Callable[[], Progress] = lambda: lambda done, of: None,
) -> HostResult:
    """Run a trace's products on a board, as many in a list as fit.

    layers, passes  only the first so many; None: all
    """
    on_board = trace.network.layers if layers is None else layers
    names = {p.name for layer in range(on_board) for p in trace.network.products(layer)}

    def events() -> Iterator[Event]:
        for event in trace.events():
            wanted = passes is None or event.pass_index < passes
            if wanted and (layers is None or event.name in names):
                yield event

    phases = [event.phase for event in events()]
    if not phases:
        raise BitsimError(f"{trace.path}: no products; record a trace that has some")
    memory = board.memory(phases)
    total = _say_plan(board, memory, phases, say)
    digests = sorted({matrix.digest for matrix in trace.matrices})
    about = (memory.layout, memory.memory_bytes, trace.manifest.event_chunks, digests, phases)
    journal = Journal(work, "replay", "list", [*map(repr, about), code_digest(__name__)])

    def walk_through(walk: Walk) -> None:
        for together in _lists(memory, events()):
            walk.step(together)

    return _at_board(
        board, memory, journal, str(trace.path), total, walk_through, {}, say, begin_progress
    )


def _at_board(
    board: BoardPort,
    memory: BoardMemory,
    journal: Journal,
    work: str,
    total_bytes: int,
    walk_through: Callable[[Walk], None],
    answers: dict[int, Answer],
    say: Say,
    begin_progress: Callable[[], Progress],
) -> HostResult:
    began = time.monotonic()
    with board.link() as link:
        progress = begin_progress()
        products = BoardProducts(
            link,
            board.accelerator,
            memory,
            lambda: progress(min(link.line_bytes, total_bytes), total_bytes),
        )
        walk = Walk(journal, products.run)
        if walk.resumed:
            say(f"fpga host: going on after {walk.resumed} events of an earlier call")
        walk_through(walk)
        passed, repeats = link.line_bytes, link.repeats
    journal.remove()
    return HostResult(
        accelerator=board.accelerator.name,
        port=board.port,
        work=work,
        answers=tuple(answers[place] for place in sorted(answers)),
        tally=walk.tally,
        resumed=walk.resumed,
        line_bytes=passed,
        repeats=repeats,
        seconds=time.monotonic() - began,
    )


def _lists(memory: BoardMemory, events: Iterator[Event]) -> Iterator[list[Event]]:
    """Groups of as many events as fit in a list."""
    held: list[Event] = []
    for event in events:
        if held and not memory.fits([each.phase for each in (*held, event)]):
            yield held
            held = []
        held.append(event)
    if held:
        yield held


def _say_plan(board: BoardPort, memory: BoardMemory, phases: Sequence[Phase], say: Say) -> int:
    """What is about to be done; bytes on the line, at most."""
    baud = serial_host(board.accelerator).baud
    where = (
        f"stay in the board's memory of {memory.memory_bytes}"
        if memory.resident
        else f"do not fit in the board's memory of {memory.memory_bytes}: they are sent each time"
    )
    total = line_bytes(memory, phases)
    if memory.resident:
        total += framed_bytes(memory.weights_bytes)
    say(
        f"fpga host: {memory.weights_bytes} bytes of weights {where}; at most {total} bytes on the "
        f"line, {total * LINE_BITS / baud:.0f} s at {baud} baud"
    )
    return total

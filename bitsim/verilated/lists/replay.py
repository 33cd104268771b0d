"""Running lists of phases on the Verilog of many accelerators at once, under Verilator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bitsim.digest import code_digest, foreign
from bitsim.gateware.array.streams import COUNTERS
from bitsim.gateware.emit.verilog import emit_tops
from bitsim.spec.array.array import ArraySpec
from bitsim.spec.counts import ArrayCounts
from bitsim.spec.link.axi4 import Axi4BusSpec, BusLayout
from bitsim.verilated.arrays.stimulus import sums_of
from bitsim.verilated.lists.bench import top_bench, top_bench_sources
from bitsim.verilated.lists.stimulus import Machine, Product, write_machine
from bitsim.verilated.run import log_lines, run
from bitsim.verilated.verilator import build


@dataclass(frozen=True, eq=False)
class Round:
    """Work for each machine of a bench, after one reset."""

    machines: Sequence[Machine]
    most_cycles: int  # then the bench gives up


@dataclass(frozen=True)
class ReadBurst:
    """A burst that was read; the cycles in which its address and its words were transferred."""

    address: int
    words: int
    accept_cycle: int
    first_cycle: int
    last_cycle: int


@dataclass(frozen=True)
class WriteBurst:
    """A burst that was written; as above, and the cycle of the response."""

    address: int
    words: int
    accept_cycle: int
    first_cycle: int
    last_cycle: int
    response_cycle: int


@dataclass(frozen=True)
class BusCounts:
    """The counters around the array (docs/top.md)."""

    list_cycles: int
    weight_words: tuple[int, ...]  # of each weight port
    activation_words: int
    result_words: int


@dataclass(frozen=True)
class ListOutcome:
    """One list as the Verilog ran it. Cycles count from reset.

    errors  bit p for weight port p, then one for activations, one for results
    """

    start_cycle: int  # in which `start` was 1
    end_cycle: int  # first cycle that is IDLE again
    errors: int
    bus: BusCounts
    array: ArrayCounts


@dataclass(frozen=True, eq=False)
class TopPhase:
    """One phase of a list; what its entry asked for, as the memory held it at the end.

    output   int32; by the form that the entry asked for
               sums    (m, n)
               digits  (m, padded n / digits), the digits of each row added up
               codes   (m, n), widened to int32
    largest  (m,) int32, largest magnitudes that belong to the codes; None without codes
    stored   (results_words * word_bytes,) uint8, from `results_address` on
    """

    accept_cycle: int  # in which the array took it
    end_cycle: int  # first cycle after its last result beat
    output: NDArray[np.int32]
    largest: NDArray[np.int32] | None
    stored: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class TopOutcome:
    """What one accelerator did; `faults` are broken rules, in words; then results may be missing.

    reads  of each weight port, then of the activations
    """

    lists: tuple[ListOutcome, ...]
    phases: tuple[TopPhase, ...]  # of all lists, in order
    reads: tuple[tuple[ReadBurst, ...], ...]
    writes: tuple[WriteBurst, ...]
    faults: tuple[str, ...]


def build_top_bench(
    machines: Sequence[tuple[ArraySpec, Axi4BusSpec]], build_folder: Path, optimize: str = "-O1"
) -> Path:
    """The binary's folder for these accelerators, one machine each."""
    named = [(f"top_{index}", array, bus) for index, (array, bus) in enumerate(machines)]

    def make_texts() -> dict[str, str]:
        # All columns and ports of a machine share one piece of code; none gets its own copy.
        kept = "".join(
            f'no_inline -module "{name}_{kind}"\n'
            for name, _, _ in named
            for kind in ("column", "weight_port")
        )
        return {
            "accelerators.v": emit_tops(named),
            "bench_top.sv": top_bench([(name, bus) for name, _, bus in named]),
            "shared.vlt": f"`verilator_config\n{kept}",
        }

    inputs = [*map(repr, machines), code_digest(__name__), foreign(*sum(machines, ()))]
    return build(inputs, make_texts, top_bench_sources(), build_folder, optimize)


def replay_lists(rounds: Sequence[Round], bench: Path, work: Path) -> list[list[TopOutcome]]:
    """Run a bench that `build_top_bench` made for these machines, in this order.

    work  an empty folder; it keeps inputs and logs
    """
    folders = [work / f"round_{index}" for index in range(len(rounds))]
    for each, folder in zip(rounds, folders, strict=True):
        for index, machine in enumerate(each.machines):
            write_machine(machine, folder / f"machine_{index}")
    run(bench, work, [each.most_cycles for each in rounds])
    return [
        [
            _outcome(machine, folder / f"machine_{index}", work)
            for index, machine in enumerate(each.machines)
        ]
        for each, folder in zip(rounds, folders, strict=True)
    ]


def _outcome(machine: Machine, folder: Path, work: Path) -> TopOutcome:
    bus, faults = machine.bus, []
    host = log_lines(folder / "list.txt", work)
    ports = [log_lines(folder / f"port_{port}.txt", work) for port in range(bus.weight_ports + 2)]
    names = [*(f"weights_{port}" for port in range(bus.weight_ports)), "activations", "results"]
    for name, lines in zip(("list", *names), (host, *ports), strict=True):
        counts = {words[0]: int(words[1]) for words in lines if words[0] in _RULES}
        faults += [f"{name}: {_RULES[rule]} ({n} times)" for rule, n in counts.items() if n]

    starts = _cycles(host, "start")
    ends = [[int(word) for word in words[1:]] for words in host if words[0] == "end"]
    lists = [list_outcome(bus, start, end) for start, end in zip(starts, ends, strict=False)]
    if len(lists) != len(machine.lists):
        faults.append(f"{len(lists)} of {len(machine.lists)} lists ended")
    accepts, finishes = _cycles(host, "accept"), _cycles(host, "finish")
    outputs = _outputs(machine, [words[1] for words in ports[-1] if words[0] == "word"])
    if not len(accepts) == len(finishes) == len(machine.products):
        faults.append(f"{len(finishes)} of {len(machine.products)} phases ended")
    if any(output is None for output in outputs):
        faults.append("results: a word was never written")
    phases = [
        TopPhase(accept, finish, *output)
        for accept, finish, output in zip(accepts, finishes, outputs, strict=False)
        if output is not None
    ]
    bursts = [
        [[int(word) for word in words[1:]] for words in lines if words[0] == "burst"]
        for lines in ports
    ]
    return TopOutcome(
        lists=tuple(lists),
        phases=tuple(phases),
        reads=tuple(tuple(ReadBurst(*words) for words in port) for port in bursts[:-1]),
        writes=tuple(WriteBurst(*words) for words in bursts[-1]),
        faults=tuple(faults),
    )


def _cycles(lines: Sequence[Sequence[str]], kind: str) -> list[int]:
    return [int(words[1]) for words in lines if words[0] == kind]


def list_outcome(bus: Axi4BusSpec, start_cycle: int, end: Sequence[int]) -> ListOutcome:
    """From end cycle, errors and `top_bench.all_counters`."""
    end_cycle, errors, *counters = end
    words = counters[1 : bus.weight_ports + 3]
    return ListOutcome(
        start_cycle=start_cycle,
        end_cycle=end_cycle,
        errors=errors,
        bus=BusCounts(
            list_cycles=counters[0],
            weight_words=tuple(words[: bus.weight_ports]),
            activation_words=words[-2],
            result_words=words[-1],
        ),
        array=ArrayCounts(**dict(zip(COUNTERS, counters[bus.weight_ports + 3 :], strict=True))),
    )


# Output, largest and stored, as in `TopPhase`.
_Output = tuple[NDArray[np.int32], NDArray[np.int32] | None, NDArray[np.uint8]]


def _outputs(machine: Machine, words: Sequence[str]) -> list[_Output | None]:
    """Of each phase, from the words of its results in memory; None if one was not written."""
    layout = BusLayout(machine.array, machine.bus)
    outputs: list[_Output | None] = []
    place = 0
    for product in machine.products:
        stored = words[place : place + product.entry.results_words]
        place += product.entry.results_words
        if "x" in stored:
            outputs.append(None)
            continue
        data = np.frombuffer(bytes.fromhex("".join(stored)), np.uint8)
        lowest_first = data.reshape(-1, machine.bus.word_bytes)[:, ::-1]
        outputs.append(_output(layout, product, np.ascontiguousarray(lowest_first).reshape(-1)))
    return outputs


def _output(layout: BusLayout, product: Product, stored: NDArray[np.uint8]) -> _Output:
    """In the form that the entry asked for."""
    entry, phase = product.entry, product.job.phase
    if entry.codes:
        codes, largest = layout.result_codes(stored, phase)
        return codes.astype(np.int32), largest, stored
    sums = layout.result_sums(stored)
    if entry.digits > 1:
        rows = entry.row_tiles // entry.digits * layout.array.rows
        phase = phase.model_copy(update={"n": rows})
    return sums_of(layout.array, phase, sums), None, stored


_RULES: Mapping[str, str] = {
    "broken": "an offer was taken back or changed",
    "misplaced": "a burst is not at a word's address, or crosses 4096 bytes",
    "too_long": "a burst is longer than burst_words",
    "too_many": "more bursts than `outstanding` were unanswered",
    "wrong_kind": "a burst is not INCR, not of whole words, or has an ID",
    "not_taken": "what the memory answered was not taken at once",
    "outside": "a burst outside of what the list names",
    "unfinished": "a burst was not finished at the end",
    "twice": "a word was written twice",
    "partial": "a word was written in part",
    "wrong_last": "WLAST was not at the last word of a burst",
    "done": "`done` was wrong",
    "idle": "something moved while no list was running",
}

"""Feeding a netlist its work at its ports, and looking at what comes out (docs/machine.md)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bitsim.errors import BitsimError
from bitsim.spec.array.dot import DotSpec
from bitsim.synthesis.gates.dot.work import GateWork, numbers
from bitsim.synthesis.gates.simulation import GateSimulation

RESET_CYCLES = 2
LONGEST_WAIT = 1000  # cycles without a step or a result: something is wrong


def drive_column(simulation: GateSimulation, spec: DotSpec, work: GateWork) -> int:
    """Steps of one column, one a cycle; returns the steps in the cycles that were counted.

    The cycles in which every stage of the pipeline has a step are counted.
    """
    depth = spec.tree_stages + 2  # cycles from issue to accumulation
    words, vectors = work.weight_words(spec.weight_packing), work.activation_words()
    tiles, beats, groups = work.shape
    nonzero = _nonzero(vectors)
    order = np.stack(np.unravel_index(np.arange(tiles * beats * groups), work.shape), axis=1)
    expected = work.sums()
    _reset(simulation)
    sent = first = 0
    for cycle in range(len(order) + depth + 2 + LONGEST_WAIT):
        step = cycle - first if first else -1
        if sent < tiles * beats:
            simulation.drive("weights__payload", words[sent // beats, sent % beats, 0])
        simulation.drive("weights__valid", int(sent < tiles * beats))
        issued = 0 <= step < len(order)
        held = order[step][2] if issued else -1
        simulation.drive("read", int(held == 0))
        simulation.drive("pop", int(held == groups - 1))
        simulation.drive("decode", int(0 <= step - 1 < len(order) and order[step - 1][2] == 0))
        if 0 <= step - 2 < len(order):
            _, beat, group = order[step - 2]
            simulation.drive("activations", vectors[group, beat])
            simulation.drive("activation_nonzero", nonzero[group, beat])
        last = step - depth
        added = 0 <= last < len(order)
        _, beat, group = order[last] if added else (0, -1, 0)
        simulation.drive("accumulate", int(added))
        simulation.drive("replace", int(beat == 0))
        simulation.drive("finish", int(beat == beats - 1))
        simulation.number("group", int(group))
        simulation.settle()
        if 0 <= last - 1 < len(order) and order[last - 1][1] == beats - 1:
            tile, _, group = order[last - 1]
            found = numbers(simulation.read("sums"), spec.accumulator_bits)
            _check(found, expected[:, tile, group, 0])
        if not first and simulation.bit("available"):
            first = cycle + 1  # the next cycle issues step 0
        sent += int(sent < tiles * beats and simulation.bit("weights__ready"))
        counted = depth + 1 <= step < len(order)
        simulation.clock(counted)
        if first and last >= len(order) + 1:
            return max(0, len(order) - depth - 1)
    raise _wrong("a weight beat never became available")


def drive_array(simulation: GateSimulation, spec: DotSpec, work: GateWork) -> int:
    """One phase of an array that never waits; returns the steps in the cycles that were counted."""
    words, vectors = work.weight_words(spec.weight_packing), work.activation_words()
    tiles, beats, groups = work.shape
    expected = work.sums()
    _reset(simulation)
    simulation.number("phases__payload", sum(n << 16 * at for at, n in enumerate(work.shape)))
    simulation.drive("results__ready", 1)
    sent = [0] * spec.columns
    offered = taken = waited = 0
    started = False
    before = after = 0
    while taken < tiles * groups:
        simulation.drive("phases__valid", int(not started))
        for column in range(spec.columns):
            at = sent[column]
            if at < tiles * beats:
                simulation.drive(
                    f"weights_{column}__payload", words[at // beats, at % beats, column]
                )
            simulation.drive(f"weights_{column}__valid", int(at < tiles * beats))
        if offered < beats * groups:
            simulation.drive("activations__payload", vectors[offered % groups, offered // groups])
        simulation.drive("activations__valid", int(offered < beats * groups))
        simulation.settle()
        busy = int(numbers(simulation.read("busy"), 48)[0, 0])
        counted = started and spec.latency_cycles < busy < tiles * beats * groups - 1
        if counted:
            before, after = before or busy, busy
        if simulation.bit("results__valid"):
            found = numbers(simulation.read("results__payload"), spec.accumulator_bits)
            shaped = found.reshape(len(found), spec.columns, spec.slices)
            _check(shaped, expected[:, taken // groups, taken % groups])
            taken += 1
            waited = 0
        for column in range(spec.columns):
            at = sent[column]
            sent[column] += at < tiles * beats and simulation.bit(f"weights_{column}__ready")
        offered += offered < beats * groups and simulation.bit("activations__ready")
        started = started or simulation.bit("phases__ready")
        simulation.clock(counted)
        waited += 1
        if waited > tiles * beats * groups + LONGEST_WAIT:
            raise _wrong("results never came")
    return after - before + 1


def _nonzero(vectors: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """(groups, beats, places) words: which activations are not 0."""
    return np.bitwise_or.reduce(vectors.reshape(*vectors.shape[:2], -1, 8), axis=-1)


def _reset(simulation: GateSimulation) -> None:
    for port in simulation.program.netlist.inputs - {"clk"}:
        simulation.drive(port, 0)
    simulation.drive("rst", 1)
    for _ in range(RESET_CYCLES):
        simulation.settle()
        simulation.clock(counted=False)
    simulation.drive("rst", 0)


def _check(found: NDArray[np.int64], expected: NDArray[np.int64]) -> None:
    if not np.array_equal(found, expected):
        raise _wrong(f"{int((found != expected).sum())} of {found.size} sums are wrong")


def _wrong(what: str) -> BitsimError:
    return BitsimError(
        f"--power: the netlist does not do what it must: {what}; the library's functions are "
        f"wrong, or this yosys is (see its log)"
    )

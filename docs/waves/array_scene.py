"""A phase on the array alone: streams, the class of each cycle, the pipeline, results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amaranth.sim import SimulatorContext
from capture import Trace, capture
from draw import Bit, Bus, Heading, Wave

from bitsim.gateware.array.dot.array import Dot
from bitsim.spec.array.dot import DotSpec

SPEC = DotSpec(
    dataflow="dot", columns=2, lanes=4, slices=1, hold=2, weight_packing="2bit", tree_stages=1,
    accumulator_bits=13, max_k=16, weight_fifo_beats=2, activation_buffer_beats=8,
    result_fifo_beats=2, skip="gate",
)  # fmt: skip
ROW_TILES, K_BEATS, GROUPS = 2, 2, 2
CYCLES = 27
PHASE_AT = 1
# Arrival schedules (docs/machine.md): the first cycle in which each beat is offered.
WEIGHTS = ((0, 0, 2, 2), (0, 0, 11, 11))
ACTIVATIONS = (0, 1, 6, 7)
TAKE = (18, 19, 20, 21)


def replay(dut: Dot) -> Callable[[SimulatorContext], Any]:
    """Offers and takes beats by the schedules."""

    async def bench(ctx: SimulatorContext) -> None:
        streams = [
            (dut.phases, (PHASE_AT,)),
            *zip(dut.weights, WEIGHTS, strict=True),
        ]
        streams.append((dut.activations, ACTIVATIONS))
        sent = [0] * len(streams)
        taken = 0
        for cycle in range(CYCLES):
            for place, (stream, arrival) in enumerate(streams):
                offered = sent[place] < len(arrival) and cycle >= arrival[sent[place]]
                ctx.set(stream.valid, offered)
                if stream is dut.phases:
                    phase = {"row_tiles": ROW_TILES, "k_beats": K_BEATS, "groups": GROUPS}
                    ctx.set(stream.payload, phase)
                else:
                    ctx.set(stream.payload, (37 * place + 101 * sent[place]) & 0xFF)
            ctx.set(dut.results.ready, taken < len(TAKE) and cycle >= TAKE[taken])
            await ctx.delay(1e-8)
            for place, (stream, _) in enumerate(streams):
                sent[place] += ctx.get(stream.valid) & ctx.get(stream.ready)
            taken += ctx.get(dut.results.valid) & ctx.get(dut.results.ready)
            await ctx.tick()

    return bench


def counted(happens: list[bool] | list[int], prefix: str) -> list[str | None]:
    """`PREFIXn` in the cycle in which it happens for the n-th time, else None."""
    number, out = 0, []
    for each in happens:
        out.append(f"{prefix}{number}" if each else None)
        number += bool(each)
    return out


def offered(trace: Trace, stream: str, prefix: str, separator: str = "__") -> list[str | None]:
    """`PREFIXn` while the n-th beat is offered."""
    number, out = 0, []
    passed = trace.transfers(stream, separator)
    for valid, each in zip(trace[f"{stream}{separator}valid"], passed, strict=True):
        out.append(f"{prefix}{number}" if valid else None)
        number += each
    return out


def stream_rows(trace: Trace, stream: str, prefix: str) -> list[Bit | Bus]:
    """valid, ready, and which beat; the cycles of transfers are marked."""
    passed = trace.transfers(stream)
    return [
        Bit(f"{stream}.valid", trace.number(f"{stream}__valid"), passed),
        Bit(f"{stream}.ready", trace.number(f"{stream}__ready"), passed),
        Bus(f"{stream}.payload", offered(trace, stream, prefix), passed),
    ]


def array_wave() -> Wave:
    """The picture, and what it must show."""
    dut = Dot(SPEC)
    trace = capture(dut, replay(dut))
    classes = [str(each).split(".")[-1].lower() for each in trace["activity"]]
    stages = SPEC.tree_stages
    steps = trace.number("issue")
    assert sum(steps) == ROW_TILES * K_BEATS * GROUPS
    first = steps.index(1)
    valid = trace.number("results__valid").index(1)
    finished = [cycle for cycle, step in enumerate(steps) if step][2]  # last K beat of group 0
    assert valid == finished + stages + 4
    rows = [
        Heading("phase"),
        *stream_rows(trace, "phases", "p"),
        Heading("in"),
        *stream_rows(trace, "weights_0", "w"),
        *stream_rows(trace, "weights_1", "w"),
        *stream_rows(trace, "activations", "a"),
        Heading("sequencer"),
        Bus(
            "class",
            [None if each == "idle" else each for each in classes],
            stalled=[each.startswith("wait") for each in classes],
        ),
        Bus("issue", counted(steps, "s")),
        Heading("pipeline"),
        Bus("in registers (t + 1)", counted(trace.number("issued_after_1"), "s")),
        Bus("lanes, tree (t + 2)", counted(trace.number("issued_after_2"), "s")),
        Bus(f"accumulate (t + {2 + stages})", counted(trace.number("accumulate"), "s")),
        Bus(f"result queue (t + {3 + stages})", counted(trace.number("w_en"), "r")),
        Heading("out"),
        *stream_rows(trace, "results", "r"),
        Heading("counters"),
        Bus("cycles", [str(each) for each in trace.number("cycles")]),
        Bus("busy", [str(each) for each in trace.number("busy")]),
    ]
    return Wave(
        "A phase of 2 row tiles x 2 K beats x 2 groups on the array",
        rows,
        [(0, CYCLES)],
        [
            "Green: a beat is transferred. Orange: a cycle without a step, and what it waits for.",
            f"Step s0 is issued in cycle {first} and reaches its accumulator in "
            f"{first + 2 + stages}. s2 and s3 are the last K beat of a row tile: s2, issued in "
            f"{finished}, is result r0 in {valid}.",
            "Each weight beat stays for both groups. r0 and r1 take both places of the result "
            "queue, so s6 waits until one is free.",
        ],
    )

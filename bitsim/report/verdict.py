"""What limits this machine on this run: sentences, each from numbers of the result."""

from __future__ import annotations

from bitsim.report import occupancy, traffic
from bitsim.report.numbers import percent, ratio, significant
from bitsim.report.occupancy import BEFORE_PHASES, work_cycles
from bitsim.system.log import PhaseRecord, WorkRecord
from bitsim.system.result import RunResult

SATURATED = 0.85  # of sustained bandwidth: the memory cannot be asked for much more

_SUBJECTS = {
    "busy": "The array itself is the limit: it is busy",
    "weights": "The array waits for weights",
    "activations": "The array waits for activations",
    "results": "The array waits for room for its results",
    "drain": "The array fills and drains its pipeline",
}
_NOUNS = {
    "busy": "the array busy",
    "weights": "waiting for weights",
    "activations": "waiting for activations",
    "results": "waiting for room for results",
    "drain": "fill and drain",
    "units": "the units beside the array",
}


def verdict(result: RunResult) -> tuple[str, ...]:
    """First what takes the most time, then why, then what is next."""
    classes = _shares(result, occupancy.total(result))
    work = [
        (name, ratio(cycles.total, result.cycles))
        for name, cycles in work_cycles(result)
        if name != BEFORE_PHASES
    ]
    (name, share), *others = classes
    if name == "units":
        leading, part = work[0] if work else ("", 0.0)
        if part >= share / 2:
            by = " and ".join(_units(result, leading))
            first = f"The {leading}, done by {by}, takes {percent(part)} of the time."
            reason = _memory_reason(result, leading)
            others = [(f"other work {_named(work[1:3])}".strip(), share - part), *others]
        else:
            first = f"The units beside the array take {percent(share)} of the time."
            reason = f"Most of it: {_listed(work[:3])}."
    else:
        first = f"{_SUBJECTS[name]} {percent(share)} of the time."
        reason = _array_reason(result, name)
    following = [(_NOUNS.get(noun, noun), part) for noun, part in others if part >= 0.05]
    following.sort(key=lambda item: -item[1])
    then = [f"Next: {_listed(following[:3])}."] if following else []
    return (first, reason, *then)


def _shares(result: RunResult, cycles: occupancy.Cycles) -> list[tuple[str, float]]:
    found = [(name, ratio(getattr(cycles, name), result.cycles)) for name in occupancy.CLASSES]
    return sorted(found, key=lambda item: -item[1])


def _listed(shares: list[tuple[str, float]]) -> str:
    return ", ".join(f"{name} {percent(part)}" for name, part in shares)


def _named(shares: list[tuple[str, float]]) -> str:
    return f"({', '.join(name for name, _ in shares)})" if shares else ""


def _units(result: RunResult, work: str) -> list[str]:
    return sorted({f"unit '{record.unit}'" for record in result.work if record.work == work})


def _array_reason(result: RunResult, name: str) -> str:
    if name == "busy":
        slots = result.counts.busy * result.accelerator.array.peak_products
        return (
            f"{percent(ratio(result.products, slots))} of its product slots hold a product of the "
            f"network, the rest is padding."
        )
    bus, share = _bus(result, list(result.phases))
    if share >= SATURATED:
        return f"{bus}: bandwidth is the limit."
    if name == "weights":
        return f"{bus}: not bandwidth but latency, tiles or queues hold it up."
    return f"{bus}."


def _memory_reason(result: RunResult, work: str) -> str:
    bus, share = _bus(result, [record for record in result.work if record.work == work])
    if share >= SATURATED:
        return f"{bus}: bandwidth is the limit."
    return f"{bus}: the unit's own throughput and set-up are the limit."


def _bus(result: RunResult, records: list[PhaseRecord] | list[WorkRecord]) -> tuple[str, float]:
    sustained = result.accelerator.memory.expected_gb_per_s
    # Bytes spread evenly over each transfer can put more into a span than the bus carries there.
    rate = min(traffic.gb_per_s_during(result, records), sustained)
    share = rate / sustained
    text = f"Meanwhile DRAM moves {significant(rate)} of {significant(sustained)} GB/s sustained"
    return f"{text} ({percent(share)})", share

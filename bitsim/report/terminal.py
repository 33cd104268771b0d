"""The account as text for a terminal: ASCII, aligned, nothing that needs colour."""

from __future__ import annotations

import textwrap

from bitsim.columns import wrapped
from bitsim.cost.part import Part
from bitsim.report import occupancy, traffic
from bitsim.report.generation import Generation
from bitsim.report.numbers import count, percent, ratio, si, significant
from bitsim.report.verdict import verdict
from bitsim.system.result import RunResult

WIDTH = 88
BAR = 24
NAMES = 30  # width of the column of names
BAR_AT = 2 + NAMES + 15 + 9 + 2  # where a bar begins
SHORTEST_BAR = 8

EXPECTED = (
    "Adds, subtracts and skips are expected ones, from the network's statistics: no values ran."
)
EXPECTED_HEAD = (
    "Adds, subtracts and skips of the head are expected ones, as if each of its codes were as "
    "frequent as any other."
)
CLASS_TEXT = {
    "busy": "array busy",
    "weights": "waits for weights",
    "activations": "waits for activations",
    "results": "waits to give results",
    "drain": "fills and drains",
    "units": "units beside the array",
}


def account(result: RunResult, generation: Generation | None, width: int | None = None) -> str:
    """Everything that one screen holds; the page has the rest.

    width  that no line exceeds; None: what the widest takes
    """
    columns = WIDTH if width is None else min(WIDTH, width)
    room = columns - BAR_AT
    bar = min(BAR, room) if room >= SHORTEST_BAR else 0
    blocks = [
        _head(result, generation),
        textwrap.wrap(" ".join(verdict(result)), columns),
        _cycles(result, bar),
        _traffic(result, bar),
        _parts("energy", result.energy, "J", bar),
        _parts("area", result.area, "mm2", bar),
        textwrap.wrap(notes(result, generation), columns),
    ]
    text = "\n\n".join("\n".join(block) for block in blocks if block).replace("µ", "u")
    return text if width is None else "\n".join(wrapped(text, width))


def exactness(generation: Generation | None) -> str:
    """Yes, NO or not compared, and of how many sums."""
    if generation is None or generation.sums_compared == 0:
        return "not compared"
    compared = f"{count(generation.sums_compared)} sums compared"
    if generation.mismatches:
        return f"NO: {count(generation.mismatches)} of {compared} differ"
    return f"yes ({compared})"


def _head(result: RunResult, generation: Generation | None) -> list[str]:
    machine = result.accelerator
    rows = [
        ("machine", f"{machine.name} at {significant(machine.clock_mhz)} MHz"),
        ("network", f"{result.network.name}, {passes_text(result)}"),
        ("time", f"{count(result.cycles)} cycles = {si(result.seconds, 's')}"),
        ("speed", f"{significant(result.tokens_per_s)} tokens/s"),
        ("utilisation", f"{percent(result.utilization)} of {machine.array.peak_products} lanes"),
    ]
    if result.energy:
        per_token = si(result.energy_j_per_token, "J")
        rows.append(("energy", f"{si(result.energy_j, 'J')}, {per_token} per token"))
    if result.area:
        rows.append(("area", f"{significant(result.area_mm2)} mm2, {result.technology.name}"))
    if generation is not None:
        rows.append(("bit-exact with the reference", exactness(generation)))
    width = max(len(name) for name, _ in rows) + 2
    return [f"{name:{width}}{value}" for name, value in rows]


def passes_text(result: RunResult) -> str:
    """What was asked of the machine: "9 tokens of prompt and 4 decode passes"."""
    prompt = sum(each.m for each in result.passes if each.stage == "prefill")
    decoded = sum(each.stage == "decode" for each in result.passes)
    parts = [f"{prompt} {'token' if prompt == 1 else 'tokens'} of prompt"] if prompt else []
    parts += [f"{decoded} decode {'pass' if decoded == 1 else 'passes'}"] if decoded else []
    return " and ".join(parts)


def _cycles(result: RunResult, bar: int) -> list[str]:
    total = occupancy.total(result)
    lines = [f"{'cycles':{NAMES + 2}}{count(result.cycles):>15}"]
    lines += [
        _share_line(CLASS_TEXT[name], getattr(total, name), result.cycles, bar)
        for name in occupancy.CLASSES
    ]
    lines += [
        _share_line(f"  {name}", cycles.total, result.cycles, bar)
        for name, cycles in occupancy.work_cycles(result)
    ]
    if total.handover:
        lines.append(_share_line("  of it hand-over", total.handover, result.cycles, bar))
    return lines


def _share_line(name: str, cycles: int, whole: int, bar: int) -> str:
    share = ratio(cycles, whole)
    drawn = "#" * round(share * bar)
    return f"  {name:{NAMES}}{count(cycles):>15}{percent(share):>9}  {drawn}".rstrip()


def _traffic(result: RunResult, bar: int) -> list[str]:
    moved = sum(result.dram_bytes.values())
    peak = result.accelerator.memory.most_gb_per_s
    lines = [
        f"DRAM   {si(moved, 'B')}, {significant(traffic.gb_per_s(result))} GB/s: "
        f"{percent(traffic.bus_share(result))} of the {significant(peak)} GB/s peak"
    ]
    for stream, stream_bytes in sorted(result.dram_bytes.items(), key=lambda item: -item[1]):
        share = ratio(stream_bytes, moved)
        drawn = "#" * round(share * bar)
        size = si(stream_bytes, "B")
        lines.append(f"  {stream:{NAMES}}{size:>15}{percent(share):>9}  {drawn}".rstrip())
    return lines


def _parts(title: str, parts: tuple[Part, ...], unit: str, bar: int) -> list[str]:
    whole = sum(part.value for part in parts)
    lines = [f"{title:{NAMES + 2}}{_value(whole, unit):>15}"] if parts else []
    for part in sorted(parts, key=lambda each: -each.value):
        share = ratio(part.value, whole)
        drawn = "#" * round(share * bar)
        name = part.name + (" (estimate)" if part.estimate else "")
        value = _value(part.value, unit)
        lines.append(f"  {name:{NAMES}}{value:>15}{percent(share):>9}  {drawn}".rstrip())
    return lines


def _value(value: float, unit: str) -> str:
    return si(value, unit) if unit == "J" else f"{significant(value)} {unit}"


def notes(result: RunResult, generation: Generation | None) -> str:
    """What a reader must not forget, in sentences."""
    sentences = []
    if generation is not None and generation.synthetic:
        sentences.append("The weights are synthetic: the text means nothing.")
    if result.expected_counts:
        sentences.append(EXPECTED)
    if result.expected_head:
        sentences.append(EXPECTED_HEAD)
    estimated = sum(part.estimate for part in (*result.energy, *result.area))
    if estimated:
        parts = len(result.energy) + len(result.area)
        sentences.append(f"{estimated} of {parts} parts of energy and area rest on estimates.")
    if result.technology.note:
        sentences.append(" ".join(result.technology.note.split()))
    return " ".join(sentences)

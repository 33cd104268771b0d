"""The timeline as pictures: one lane under the other, in cycles, so that a viewBox zooms them.

A lane is a list of blocks. The height of a block's part is its share of the block's time; for DRAM,
of the bus's peak. So areas are true, and joined blocks have the area of their parts.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from bitsim.report import occupancy, traffic
from bitsim.report.drawing.svg import attribute_text
from bitsim.report.numbers import count, percent, ratio, significant
from bitsim.system.log import PassRecord, PhaseRecord, TransferRecord, WorkRecord
from bitsim.system.result import RunResult
from bitsim.units import bytes_per_cycle

MOST_BLOCKS = 16_000  # of the picture of the run: about 0.5 MB
MOST_DETAIL = 3_000  # records of the picture of one pass, each with its tooltip
HEIGHT = 100
_SAID = {name: f"waits for {name}" for name in ("weights", "activations", "results")}
HAIRLINE = 4  # least height of what is there


@dataclass(frozen=True)
class Block:
    """Something that went on from `start` to `end`; `areas` are in cycles."""

    start: int
    end: int
    areas: tuple[tuple[str, float], ...]
    tip: str


@dataclass(frozen=True)
class Lane:
    """One row."""

    name: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class LanePicture:
    """A row ready for the page."""

    name: str
    picture: Markup


@dataclass(frozen=True)
class Timeline:
    """A picture of cycles `start` to `end`."""

    start: int
    end: int
    lanes: tuple[LanePicture, ...]
    records: int
    joined_cycles: int  # gaps up to this long were closed; 0: every record by itself
    title: str


def whole_run(result: RunResult) -> Timeline:
    """Every record, or blocks of records close together where there are too many."""
    lanes = _lanes(result, list(result.phases), list(result.work), list(result.transfers))
    start, end = result.passes[0].start_cycle, result.passes[-1].end_cycle
    records = sum(len(lane.blocks) for lane in lanes)
    gap, shown = 0, lanes
    while sum(len(lane.blocks) for lane in shown) > MOST_BLOCKS:
        gap = max(2 * gap, (end - start) // 65536, 1)
        shown = [_join(lane, gap) for lane in lanes]
    pictures = tuple(LanePicture(lane.name, _paths(lane, start, end)) for lane in shown)
    passes = LanePicture("passes", _passes(result.passes, start, end))
    return Timeline(start, end, (passes, *pictures), records, gap, "Whole run")


def one_pass(result: RunResult, chosen: PassRecord) -> Timeline:
    """Each record of a pass with a tooltip; of a very long pass its beginning."""
    phases = [r for r in result.phases if r.pass_index == chosen.index]
    work = [r for r in result.work if r.pass_index == chosen.index]
    transfers = [r for r in result.transfers if r.pass_index == chosen.index]
    end, title = chosen.end_cycle, f"Pass {chosen.index}: {chosen.stage}"
    ends = sorted(
        [r.end_cycle for r in phases]
        + [r.end_cycle for r in work]
        + [r.end_cycle for r in transfers]
    )
    if len(ends) > MOST_DETAIL:
        end = ends[MOST_DETAIL - 1]
        title += ", its beginning"
    lanes = _lanes(
        result,
        [r for r in phases if r.end_cycle <= end],
        [r for r in work if r.end_cycle <= end],
        [r for r in transfers if r.end_cycle <= end],
    )
    start = chosen.start_cycle  # what was prefetched is cut by the picture's edge
    pictures = tuple(LanePicture(lane.name, _rectangles(lane, start, end)) for lane in lanes)
    return Timeline(start, end, pictures, sum(len(lane.blocks) for lane in lanes), 0, title)


def _lanes(
    result: RunResult,
    phases: list[PhaseRecord],
    work: list[WorkRecord],
    transfers: list[TransferRecord],
) -> list[Lane]:
    machine = result.accelerator
    peak = bytes_per_cycle(machine.memory.most_gb_per_s, machine.clock_mhz)
    lanes = [_lane("array", [_phase_block(each) for each in phases])]
    lanes += [
        _lane(unit, [_work_block(each) for each in work if each.unit == unit])
        for unit in sorted(machine.units)
    ]
    for stream in ("weights", "activations", "results", "units"):
        blocks = [_transfer_block(each, peak) for each in transfers if each.stream == stream]
        if blocks:
            lanes.append(_lane(f"DRAM {stream}", blocks))
    return lanes


def _lane(name: str, blocks: list[Block]) -> Lane:
    return Lane(name, tuple(sorted(blocks, key=lambda block: (block.start, block.end))))


def _phase_block(phase: PhaseRecord) -> Block:
    cycles = occupancy.Cycles.of_phase(phase.counts)
    areas = [(name, getattr(cycles, name)) for name in occupancy.CLASSES]
    shares = ", ".join(
        f"{_SAID.get(name, name)} {percent(ratio(area, cycles.total))}"
        for name, area in areas
        if area
    )
    tip = f"{phase.name} {phase.n} x {phase.k} x {phase.m}: {count(cycles.total)} cycles: {shares}"
    parts = tuple((name, float(area)) for name, area in areas if area)
    return Block(phase.start_cycle, phase.end_cycle, parts, tip)


def _work_block(work: WorkRecord) -> Block:
    cycles = work.end_cycle - work.start_cycle
    tip = f"{work.name} ({work.work}): {count(cycles)} cycles"
    return Block(work.start_cycle, work.end_cycle, (("units", float(cycles)),), tip)


def _transfer_block(transfer: TransferRecord, peak: float) -> Block:
    moved = traffic.moved_bytes(transfer)
    cycles = transfer.end_cycle - transfer.start_cycle
    share = ratio(moved, peak * cycles)
    tip = (
        f"{transfer.stream} of {transfer.name}: {count(moved)} B in {count(cycles)} cycles, "
        f"{significant(ratio(moved, cycles))} B/cycle, {percent(share)} of peak"
    )
    return Block(transfer.start_cycle, transfer.end_cycle, ((transfer.stream, moved / peak),), tip)


def _join(lane: Lane, gap: int) -> Lane:
    """Blocks with at most `gap` cycles between them as one of the same area."""
    found: list[tuple[int, int, dict[str, float]]] = []
    for block in lane.blocks:
        if found and block.start - found[-1][1] <= gap:
            start, end, areas = found[-1]
            found[-1] = (start, max(end, block.end), areas)
        else:
            areas = {}
            found.append((block.start, block.end, areas))
        for name, area in block.areas:
            areas[name] = areas.get(name, 0.0) + area
    blocks = (Block(start, end, tuple(areas.items()), "") for start, end, areas in found)
    return Lane(lane.name, tuple(blocks))


def _levels(block: Block) -> list[tuple[str, int, int]]:
    """(class, y, height) of each part, from the bottom."""
    found = []
    bottom = 0.0
    span = max(1, block.end - block.start)
    least = HAIRLINE if len(block.areas) == 1 else 0  # a part of several must stay in proportion
    for name, area in block.areas:
        height = max(least, HEIGHT * area / span)
        top = min(float(HEIGHT), bottom + height)
        found.append((name, HEIGHT - round(top), round(top) - round(bottom)))
        bottom = top
    return found


def _open(start: int, end: int, label: str) -> str:
    attributes = attribute_text(
        {"viewBox": f"0 0 {max(1, end - start)} {HEIGHT}", "aria-label": label}
    )
    return f'<svg class="plot" preserveAspectRatio="none" role="img"{attributes}>'


def _box(x: int, y: int, width: int, height: int) -> str:
    """A rectangle as a path: browsers clamp a <rect>'s x at 2^25."""
    return f"M{x} {y}h{width}v{height}h-{width}z"


def _paths(lane: Lane, start: int, end: int) -> Markup:
    """One path for each class: small, and true coverage where blocks are narrower than a pixel."""
    paths: dict[str, list[str]] = {}
    for block in lane.blocks:
        width = max(1, block.end - block.start)
        for name, y, height in _levels(block):
            if height:
                box = _box(block.start - start, y, width, height)
                paths.setdefault(name, []).append(box)
    body = "".join(
        f'<path{attribute_text({"css": f"fill-{name}"})} d="{"".join(lines)}"/>'
        for name, lines in paths.items()
    )
    return Markup(f"{_open(start, end, lane.name)}{body}</svg>")


def _rectangles(lane: Lane, start: int, end: int) -> Markup:
    """A group with a tooltip for each block."""
    parts = [_open(start, end, lane.name)]
    for block in lane.blocks:
        width = max(1, block.end - block.start)
        parts.append(f"<g{attribute_text({'tip': block.tip})}>")
        parts += [
            f'<path class="fill-{name}" d="{_box(block.start - start, y, width, height)}"/>'
            for name, y, height in _levels(block)
            if height
        ]
        parts.append("</g>")
    return Markup("".join([*parts, "</svg>"]))


def _passes(passes: tuple[PassRecord, ...], start: int, end: int) -> Markup:
    parts = [_open(start, end, "passes")]
    gap = (end - start) // 1000  # between passes; a stroke would not survive the scale
    for each in passes:
        cycles = each.end_cycle - each.start_cycle
        tip = (
            f"pass {each.index}, {each.stage}: {count(each.m)} "
            f"{'token' if each.m == 1 else 'tokens'} at position {count(each.context)}, "
            f"{count(cycles)} cycles"
        )
        parts.append(
            f'<path d="{_box(each.start_cycle - start, 20, max(1, cycles - gap), 60)}"'
            f"{attribute_text({'css': f'pass-{each.stage}', 'tip': tip})}/>"
        )
    return Markup("".join([*parts, "</svg>"]))

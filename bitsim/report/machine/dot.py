"""The inside of a `dot` array as blocks: queues, decoders, grid of lanes (docs/machine.md)."""

from __future__ import annotations

from dataclasses import dataclass

from bitsim.report.drawing.svg import Drawing
from bitsim.report.machine.block import INSIDE, Block, arrow, draw_block
from bitsim.report.numbers import count, ratio
from bitsim.spec.array.dot import DotSpec
from bitsim.spec.phase import Phase
from bitsim.system.result import RunResult

MOST_ROWS, MOST_COLUMNS = 8, 40  # cells drawn of the grid; more would be grey


@dataclass(frozen=True)
class Beats:
    """Beats of each stream over the run."""

    weights: int  # of each column
    activations: int
    results: int


def beats(result: RunResult) -> Beats:
    """From the tiling of each phase."""
    tilings = [
        result.accelerator.array.tiling(Phase(name=p.name, n=p.n, k=p.k, m=p.m))
        for p in result.phases
    ]
    return Beats(
        weights=sum(tiling.weight_beats for tiling in tilings),
        activations=sum(tiling.activation_beats for tiling in tilings),
        results=sum(tiling.result_beats for tiling in tilings),
    )


def draw_dot(drawing: Drawing, result: RunResult, rows: tuple[float, float, float]) -> None:
    """From x = `INSIDE` to the right edge; `rows` are the tops of weights, activations, results."""
    array, cycles, flow = result.accelerator.array, result.cycles, beats(result)
    assert isinstance(array, DotSpec)
    left, width, height = INSIDE, 226.0, 78.0
    weights = Block(
        left, rows[0], width, height,
        "Weight queues", ratio(flow.weights, cycles), "cycles in which a beat leaves",
        (
            f"{array.columns} queues of {array.weight_fifo_beats} beats",
            f"{array.beat_bytes} B a beat, {array.weight_packing} decoders",
        ),
    )  # fmt: skip
    activations = Block(
        left, rows[1], width, height,
        "Activation buffer", ratio(result.counts.busy, cycles), "cycles in which it is read",
        (
            f"{count(array.activation_buffer_beats)} beats of {array.lanes * array.slices} B",
            f"written in {count(flow.activations)} cycles",
        ),
    )  # fmt: skip
    results = Block(
        left, rows[2], width, height,
        "Result queue", ratio(flow.results, cycles), "cycles in which a beat enters",
        (
            f"{array.result_fifo_beats} beats of {array.columns * array.slices} sums",
            f"{array.accumulator_bits} bits each",
        ),
    )  # fmt: skip
    grid = Block(
        701, rows[0], 418, rows[2] + height - rows[0],
        "Array", ratio(result.counts.busy, cycles), "cycles in which it is busy",
        (
            f"{array.columns} columns x {array.lanes} lanes x {_of(array.slices, 'slice')}"
            f" = {count(array.peak_products)} products/cycle",
        ),
    )  # fmt: skip
    for block in (weights, activations, results, grid):
        draw_block(drawing, block)
    for block in (weights, activations):
        arrow(drawing, block.right, block.middle, grid.x, block.middle)
    arrow(drawing, grid.x, results.middle, results.right, results.middle)
    _cells(drawing, array, grid)


def _of(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _cells(drawing: Drawing, array: DotSpec, grid: Block) -> None:
    """Columns as rows of cells, a lane each; adder tree and accumulators to the right."""
    rows, columns = min(array.columns, MOST_ROWS), min(array.lanes, MOST_COLUMNS)
    x, y = grid.x + 12, grid.y + 52
    pitch_x, pitch_y = 270 / columns, min(16.0, 128 / rows)
    size_x, size_y = min(12.0, pitch_x - 1.5), min(12.0, pitch_y - 2)
    for row in range(rows):
        top = y + row * pitch_y
        for column in range(columns):
            drawing.rect(x + column * pitch_x, top, size_x, size_y, "cell")
        drawing.line(x + columns * pitch_x, top + size_y / 2, x + 288, top + size_y / 2, "wire")
        drawing.rect(x + 288, top, 20, size_y, "cell")
        drawing.line(x + 308, top + size_y / 2, x + 322, top + size_y / 2, "wire")
        drawing.rect(x + 322, top, 74, size_y, "cell")
    bottom = y + rows * pitch_y + 12
    drawn = _drawn("lanes", columns, array.lanes), _drawn("columns", rows, array.columns)
    drawing.text(x, bottom, f"{drawn[0]}, {drawn[1]}", "line")
    drawing.text(x + 298, bottom, "tree", "line mid")
    drawing.text(x + 359, bottom, "accumulators", "line mid")
    held = array.slices * array.hold
    lines = (
        f"adder tree: {_of(array.tree_levels, 'level')}, "
        f"{_of(array.tree_stages, 'register stage')}, sums of {array.sum_bits} bits",
        f"{_of(held, 'accumulator')} of {array.accumulator_bits} bits a column; hold {array.hold}",
    )
    for index, line in enumerate(lines):
        drawing.text(x, bottom + 24 + 17 * index, line, "line")


def _drawn(noun: str, drawn: int, there: int) -> str:
    return f"all {there} {noun}" if drawn == there and there > 1 else f"{drawn} of {there} {noun}"

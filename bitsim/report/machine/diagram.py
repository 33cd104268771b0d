"""The machine as a block diagram: what every machine has; the array is drawn by its dataflow."""

from __future__ import annotations

from markupsafe import Markup

from bitsim.report import traffic
from bitsim.report.drawing.svg import Drawing
from bitsim.report.machine.block import INSIDE, LINE, Block, arrow, draw_block, wrapped
from bitsim.report.numbers import percent, ratio, si, significant
from bitsim.spec.array.registry import DATAFLOWS
from bitsim.spec.registry import home
from bitsim.system.result import RunResult

WIDTH = 1120
ROWS = (8.0, 102.0, 196.0)  # tops of the rows of weights, activations, results
ROW_HEIGHT = 78.0
UNITS_TOP = 308.0
UNITS_PER_ROW = 3


def diagram(result: RunResult) -> Markup:
    """DRAM on the left, DMA tiles, queues and array to the right, units below."""
    units = _units(result)
    height = max([block.y + block.height for block in units], default=ROWS[2] + ROW_HEIGHT) + 2
    drawing = Drawing(WIDTH, height, f"Block diagram of {result.accelerator.name}")
    dram = _dram(result, height - 10)
    draw_block(drawing, dram)
    for stream, top in zip(("weights", "activations", "results"), ROWS, strict=True):
        block = _dma(result, stream, top)
        draw_block(drawing, block)
        size = si(result.dram_bytes.get(stream, 0), "B")
        if stream == "results":
            arrow(drawing, block.x, block.middle, dram.right, block.middle, size)
            arrow(drawing, INSIDE, block.middle, block.right, block.middle)
        else:
            arrow(drawing, dram.right, block.middle, block.x, block.middle, size)
            arrow(drawing, block.right, block.middle, INSIDE, block.middle)
    home(DATAFLOWS[result.accelerator.array.dataflow].drawing)(drawing, result, ROWS)
    for index, block in enumerate(units):
        draw_block(drawing, block)
        if index == 0:
            size = si(result.dram_bytes.get("units", 0), "B")
            middle = block.y + 39
            arrow(drawing, dram.right + 7, middle, block.x, middle, size)
            arrow(drawing, dram.right + 7, middle, dram.right, middle)
    return drawing.markup()


def _dram(result: RunResult, height: float) -> Block:
    memory = result.accelerator.memory
    return Block(
        1, ROWS[0], 128, height,
        "DRAM", traffic.bus_share(result), "bytes moved over what its peak allows",
        (
            memory.dram,
            f"{significant(memory.most_gb_per_s)} GB/s peak",
            f"{significant(memory.expected_gb_per_s)} sustained",
            *(f"{significant(value)} {meaning}" for value, meaning in memory.figures),
            "",
            "moved:",
            f"{si(sum(result.dram_bytes.values()), 'B')}",
            f"{significant(traffic.gb_per_s(result))} GB/s mean",
        ),
    )  # fmt: skip


def _dma(result: RunResult, stream: str, top: float) -> Block:
    tile_bytes = {
        "weights": result.accelerator.dma.weight_tile_bytes,
        "activations": result.accelerator.dma.activation_tile_bytes,
        "results": result.accelerator.dma.result_tile_bytes,
    }[stream]
    under_way = traffic.length(traffic.stream_spans(result, stream))
    moved = result.dram_bytes.get(stream, 0)
    rate = moved / result.seconds / 1e9
    return Block(
        200, top, 192, ROW_HEIGHT,
        f"DMA {stream}", ratio(under_way, result.cycles), "cycles with a transfer under way",
        (f"2 tiles of {_binary(tile_bytes)}", f"{significant(rate)} GB/s mean"),
    )  # fmt: skip


def _binary(size_bytes: int) -> str:
    for unit, prefix in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if size_bytes >= unit:
            return f"{significant(size_bytes / unit)} {prefix}"
    return f"{size_bytes} B"


def _units(result: RunResult) -> list[Block]:
    names = sorted(result.accelerator.units)
    in_row = min(len(names), UNITS_PER_ROW)
    blocks = []
    top, tallest = UNITS_TOP, 0.0
    for index, name in enumerate(names):
        width = (WIDTH - 201 - 16 * (in_row - 1)) / in_row
        if index and index % in_row == 0:
            top, tallest = top + tallest + 16, 0.0
        lines = _unit_lines(result, name, width - 20)
        height = max(ROW_HEIGHT, 38.0 + LINE * len(lines))
        tallest = max(tallest, height)
        busy = traffic.length(
            traffic.joined((w.start_cycle, w.end_cycle) for w in result.work if w.unit == name)
        )
        x = 200 + (index % in_row) * (width + 16)
        share = ratio(busy, result.cycles)
        title = f"Unit {name}"
        blocks.append(Block(x, top, width, height, title, share, "cycles at work", tuple(lines)))
    return blocks


def _unit_lines(result: RunResult, name: str, width: float) -> list[str]:
    unit = result.accelerator.units[name]
    figures = [
        f"{unit.multiplies_per_cycle} multiplies",
        f"{unit.adds_per_cycle} adds a cycle in {unit.arithmetic}",
        f"{unit.setup_cycles} cycles of set-up",
        "on the chip" if unit.inside else "outside the chip",
    ]
    sums: dict[str, int] = {}
    for each in result.work:
        if each.unit == name:
            sums[each.work] = sums.get(each.work, 0) + each.end_cycle - each.start_cycle
    ordered = sorted(sums.items(), key=lambda item: (-item[1], item[0]))
    work = [f"{kind} {percent(ratio(cycles, result.cycles))}" for kind, cycles in ordered]
    return wrapped(figures, width) + wrapped(work or ["no work in this run"], width)

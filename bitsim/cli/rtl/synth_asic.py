"""What `rtl synth --liberty` replays and prints."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bitsim.cli import output
from bitsim.columns import aligned

if TYPE_CHECKING:
    from bitsim.spec.accelerator import AcceleratorSpec
    from bitsim.synthesis.asic import AsicResult
    from bitsim.synthesis.gates.replay import Replayed, Work
    from bitsim.synthesis.memories import Macro

ZEROS_OF = "bitnet-b1.58-2b-4t"  # network whose part of zero weights random work has


def works(
    args: argparse.Namespace, machine: AcceleratorSpec
) -> Callable[[], Iterable[Work]] | None:
    """Makes the work to replay; None: none was asked for. Names that are wrong are refused now."""
    if not args.power and args.activity is None:
        return None
    from bitsim.spec.catalog import load_network_spec
    from bitsim.synthesis.gates.replay import block_work

    spec, block = machine.array, args.block
    kind = block_work(spec, block)
    if args.activity is not None:
        from bitsim.trace import load_trace

        trace = Path(args.activity)
        load_trace(trace)
        return lambda: kind.recorded(spec, block, trace)
    statistics = load_network_spec(ZEROS_OF).statistics
    assert statistics is not None
    zeros = statistics.zero_weight_fraction
    return lambda: kind.random(spec, block, zeros)


def table(found: AsicResult, replayed: Sequence[Replayed] | None) -> dict[str, Any]:
    """For `--json`."""
    from bitsim.synthesis.hierarchy import total, whole

    cells = total(found.modules)
    timing = _timing(found)
    return {
        "cells": sum(cells.values()) - len(found.macros),
        "flip_flops": found.flip_flops(cells),
        "area_um2": found.area_um2(cells),
        "cell_types": cells,
        "hierarchy": [
            {
                "module": part.module,
                "depth": part.depth,
                "copies": part.copies,
                "cells": sum(part.cells.values()),
                "flip_flops": found.flip_flops(part.cells),
                "area_um2": found.area_um2(part.cells),
                "total_area_um2": found.area_um2(whole(found.modules, part.module)),
            }
            for part in found.modules
        ],
        "memories": [_memory(found, macro) for macro in found.macros],
        "fmax_mhz": timing["fmax_mhz"],
        "timing": timing,
        "power": None if replayed is None else [_power(each) for each in replayed],
    }


def _memory(found: AsicResult, macro: Macro) -> dict[str, Any]:
    bank = found.bank(macro)
    return {
        "module": macro.module,
        "words": macro.words,
        "width": macro.width,
        "bits": macro.bits,
        "ram": None if bank is None else bank.ram.cell,
        "rams": None if bank is None else bank.count,
        "area_um2": None if bank is None else bank.area_um2,
    }


def _timing(found: AsicResult) -> dict[str, Any]:
    from bitsim.synthesis.sta import Timing

    timing = found.timing
    names = ("start", "end", "arrival_ns", "slack_ns", "fmax_mhz")
    if isinstance(timing, Timing):
        return {name: getattr(timing, name) for name in names} | {"reason": None}
    return dict.fromkeys(names) | {"reason": timing.reason}


def _power(each: Replayed) -> dict[str, Any]:
    return {
        "work": each.work,
        "zero_weights": each.zero_weights,
        "cycles": each.cycles,
        "toggles_per_net": each.toggles_per_net,
        **{f"{part}_mw": watts * 1e3 for part, watts in each.power.parts.items()},
        "total_mw": each.power.watts * 1e3,
        "pj_per_product": each.pj_per_product,
        "modules_mw": {module: watts * 1e3 for module, watts in each.power.modules.items()},
    }


def text(found: AsicResult, replayed: Sequence[Replayed] | None, clock_ns: float) -> str:
    """For people."""
    lines = [
        "cells and um2 of one copy of each module; no wires, no clock tree",
        *aligned(_area_rows(found), output.width()),
        *_memory_lines(found),
        *_timing_lines(found),
    ]
    if replayed is not None:
        lines.append(f"mW at {clock_ns:g} ns, every stage at work; hazards are not in it")
        lines += aligned(_power_rows(replayed), output.width())
    return "\n".join(lines)


def _area_rows(found: AsicResult) -> list[tuple[str, ...]]:
    from bitsim.synthesis.hierarchy import total, whole

    rows: list[tuple[str, ...]] = [
        ("module", "copies", "cells", "flip-flops", "um2", "with all below")
    ]
    rows += [
        (
            "  " * part.depth + part.module,
            str(part.copies),
            str(sum(part.cells.values())),
            str(found.flip_flops(part.cells)),
            f"{found.area_um2(part.cells):.2f}",
            f"{found.area_um2(whole(found.modules, part.module)):.2f}",
        )
        for part in found.modules
    ]
    cells = total(found.modules)
    count, flops = sum(cells.values()) - len(found.macros), found.flip_flops(cells)
    area = f"{found.area_um2(cells):.2f}"
    return [*rows, ("total", "", str(count), str(flops), area, area)]


def _memory_lines(found: AsicResult) -> list[str]:
    lines = []
    for macro in found.macros:
        bank = found.bank(macro)
        held = (
            "no RAM in the Liberty files"
            if bank is None
            else f"by capacity {bank.count} {bank.ram.cell}, {bank.area_um2:.2f} um2"
        )
        lines.append(
            f"memory, not in the cells: {macro.module}: {macro.words} x {macro.width} bits, "
            f"{macro.read_ports} read and {macro.write_ports} write ports; {held}"
        )
    return lines


def _timing_lines(found: AsicResult) -> list[str]:
    from bitsim.synthesis.sta import NoTiming

    timing = found.timing
    if isinstance(timing, NoTiming):
        return [f"no timing: {timing.reason}"]
    return [
        f"slowest path {timing.arrival_ns:.3f} ns, slack {timing.slack_ns:.3f} ns, "
        f"{timing.fmax_mhz:.1f} MHz: {timing.start} to {timing.end}"
    ]


def _power_rows(replayed: Sequence[Replayed]) -> list[tuple[str, ...]]:
    from bitsim.synthesis.gates.power import PARTS

    rows: list[tuple[str, ...]] = [("work", *PARTS, "total", "pJ a product", "toggles a net")]
    rows += [
        (
            each.work,
            *(f"{each.power.parts[part] * 1e3:.4f}" for part in PARTS),
            f"{each.power.watts * 1e3:.4f}",
            f"{each.pj_per_product:.5f}",
            f"{each.toggles_per_net:.3f}",
        )
        for each in replayed
    ]
    return rows

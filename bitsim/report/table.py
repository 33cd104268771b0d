"""The result as one JSON document."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bitsim.cost.part import Part
from bitsim.files.atomic import atomic_file
from bitsim.report import traffic
from bitsim.report.generation import Generation, bit_exact
from bitsim.spec.counts import ArrayCounts
from bitsim.system.log import PhaseRecord
from bitsim.system.result import RunResult


def result_table(
    result: RunResult, generation: Generation | None, command: str = ""
) -> dict[str, Any]:
    """What `--json` prints: plain values, always in one order, no dates.

    `energy_j` and `area_mm2` hold each part by name and their sum as `total`; `energy_parts` and
    `area_parts` say how each was computed. Without a generation its fields are None.
    """
    said = generation
    return {
        "bitsim": version("bitsim"),
        "command": command,
        "accelerator": result.accelerator.name,
        "network": result.network.name,
        "technology": result.technology.name,
        "clock_mhz": result.accelerator.clock_mhz,
        "prompt": said.prompt if said else None,
        "text": said.text if said else None,
        "token_ids": list(said.token_ids) if said else None,
        "bit_exact": bit_exact(said),
        "sums_compared": said.sums_compared if said else 0,
        "mismatches": said.mismatches if said else 0,
        "synthetic": said.synthetic if said else None,
        "tokens": result.tokens,
        "cycles": result.cycles,
        "seconds": result.seconds,
        "tokens_per_s": result.tokens_per_s,
        "utilization": result.utilization,
        "products": result.products,
        "stall_cycles": result.stall_cycles,
        "counts": asdict(result.counts),
        "counts_expected": result.expected_counts or result.expected_head,
        "dram_bytes": dict(sorted(result.dram_bytes.items())),
        "dram_gb_per_s": traffic.gb_per_s(result),
        "dram_bus_share": traffic.bus_share(result),
        "energy_j": _sums(result.energy, result.energy_j),
        "energy_j_per_token": result.energy_j_per_token,
        "area_mm2": _sums(result.area, result.area_mm2),
        "energy_parts": [_part(part) for part in result.energy],
        "area_parts": [_part(part) for part in result.area],
        "passes": [asdict(each) for each in result.passes],
        "phases": [_phase(each) for each in result.phases],
        "records": [asdict(each) for each in result.records],
    }


def write_result(
    result: RunResult, generation: Generation | None, path: Path, command: str = ""
) -> None:
    """`result_table` as a file."""
    write_json(result_table(result, generation, command), path)


def write_json(table: dict[str, Any], path: Path) -> None:
    """A table as indented JSON, whole or not at all."""
    text = json.dumps(table, indent=1, allow_nan=False, ensure_ascii=False)
    with atomic_file(path) as file:
        file.write(text.encode("utf-8", "backslashreplace") + b"\n")


def stalls(counts: ArrayCounts) -> dict[str, int]:
    """Cycles of a phase without work, by cause."""
    return {
        "weights": counts.wait_weights,
        "activations": counts.wait_activations,
        "results": counts.wait_results,
        "drain": counts.drain,
    }


def _sums(parts: tuple[Part, ...], total: float) -> dict[str, float]:
    table = {part.name: part.value for part in parts}
    assert len({*table, "total"}) == len(parts) + 1, "each part has a name of its own"
    return {**table, "total": total}


def _part(part: Part) -> dict[str, Any]:
    return {**asdict(part), "sources": list(part.sources)}


def _phase(phase: PhaseRecord) -> dict[str, Any]:
    return {
        "pass": phase.pass_index,
        "name": phase.name,
        "n": phase.n,
        "k": phase.k,
        "m": phase.m,
        "start_cycle": phase.start_cycle,
        "cycles": phase.end_cycle - phase.start_cycle,
        "busy": phase.counts.busy,
        "stalls": stalls(phase.counts),
        "adds": phase.counts.adds,
        "subtracts": phase.counts.subtracts,
        "skips": phase.counts.skips,
    }

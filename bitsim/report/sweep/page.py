"""The page of a sweep: all designs, and those that no other one beats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bitsim.report.drawing.page import write_page
from bitsim.report.numbers import count, percent, si, significant
from bitsim.report.sweep.scatter import scatter
from bitsim.report.sweep.table import companions, leading, limit, settings, summary
from bitsim.sweeps import Evaluation, SweepResult

MOST_ROWS = 2000  # of each table; the record of the sweep has all


def write_explore(result: SweepResult, path: Path) -> None:
    """One offline page: scatter of tokens/s and J/token, and a table that sorts."""
    write_page("explore.html.j2", _context(result), path)


def _context(result: SweepResult) -> dict[str, Any]:
    spec = result.sweep.spec
    front = {each.index for each in result.pareto}
    others = [each for each in result.evaluations if each.index not in front]
    others.sort(key=lambda each: (-each.tokens_per_s, each.index))
    shown = [*result.pareto, *others][:MOST_ROWS]
    names = leading(result)
    technologies = ", ".join(each.name for each in result.sweep.technologies.values())
    return {
        "name": spec.name,
        "note": " ".join(spec.note.split()),
        "subtitle": (
            f"{result.sweep.network.name} · {_task(result)} · base {result.sweep.accelerator.name}"
            f" · technology {technologies}"
        ),
        "summary": f"{summary(result)}.",
        "fields": names,
        "companions": companions(result),
        "best": _best(result),
        "picture": scatter(shown, front, {each.index: _named(result, each) for each in shown})
        if shown
        else None,
        "rows": [_row(result, each, each.index in front) for each in shown],
        "left_out": count(len(result.evaluations) - len(shown)) if others else "0",
        "refusals": [
            {
                "index": each.index,
                "settings": settings(result, each),
                "reason": each.reason,
            }
            for each in result.refusals[:MOST_ROWS]
        ],
        "refused": count(len(result.refusals)),
    }


def _task(result: SweepResult) -> str:
    spec = result.sweep.spec
    many = f", {count(spec.batch)} sequences" if spec.batch > 1 else ""
    if spec.stage == "decode":
        return f"one decode pass after {count(spec.context)} tokens{many}"
    return f"prefill of {count(spec.context)} tokens{many}"


def _best(result: SweepResult) -> list[dict[str, str]]:
    """The corners of the front."""
    if not result.pareto:
        return []
    fastest = max(result.pareto, key=lambda each: each.tokens_per_s)
    frugal = min(result.pareto, key=lambda each: each.energy_j_per_token)
    smallest = min(result.pareto, key=lambda each: each.total_area_mm2)
    number, unit = si(frugal.energy_j_per_token, "J").split(" ")
    tiles = (
        ("fastest", significant(fastest.tokens_per_s), "tokens/s", fastest),
        ("most frugal", number, f"{unit} a token", frugal),
        ("smallest", significant(smallest.total_area_mm2), "mm²", smallest),
    )
    return [
        {"name": name, "value": value, "unit": unit, "more": _named(result, each)}
        for name, value, unit, each in tiles
    ]


def _named(result: SweepResult, each: Evaluation) -> str:
    pairs = zip(leading(result), settings(result, each), strict=True)
    return ", ".join(f"{name} {value}" for name, value in pairs)


def _row(result: SweepResult, each: Evaluation, on_front: bool) -> dict[str, Any]:
    """Cells as (text, value to sort by)."""
    return {
        "index": each.index,
        "front": on_front,
        "settings": settings(result, each),
        "cells": [
            (significant(each.tokens_per_s), each.tokens_per_s),
            (si(each.energy_j_per_token, "J"), each.energy_j_per_token),
            (significant(each.total_area_mm2), each.total_area_mm2),
            (percent(each.utilization), each.utilization),
            (count(each.cycles), each.cycles),
        ],
        "limit": limit(each),
    }

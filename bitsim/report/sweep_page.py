"""The page of a sweep: all designs, and those that no other one beats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bitsim.explore import Evaluation, SweepResult
from bitsim.report.numbers import count, percent, si, significant
from bitsim.report.page import write_page
from bitsim.report.scatter import scatter
from bitsim.report.sweep import limit, setting, short_names, summary

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
    names = short_names(spec.fields)
    technologies = ", ".join(each.name for each in result.sweep.technologies.values())
    return {
        "name": spec.name,
        "note": " ".join(spec.note.split()),
        "subtitle": (
            f"{result.sweep.network.name} · {_task(result)} · base {result.sweep.accelerator.name}"
            f" · technology {technologies}"
        ),
        "summary": f"{summary(result)}.",
        "fields": [
            {"short": short, "full": field} for short, field in zip(names, spec.fields, strict=True)
        ],
        "best": _best(result),
        "picture": scatter(shown, front, names) if shown else None,
        "rows": [_row(each, each.index in front) for each in shown],
        "left_out": count(len(result.evaluations) - len(shown)) if others else "0",
        "refusals": [
            {
                "index": each.index,
                "settings": [setting(value) for value in each.settings.values()],
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
        return f"one decode pass behind {count(spec.context)} tokens{many}"
    return f"prefill of {count(spec.context)} tokens{many}"


def _best(result: SweepResult) -> list[dict[str, str]]:
    """The corners of the front."""
    if not result.pareto:
        return []
    fastest = max(result.pareto, key=lambda each: each.tokens_per_s)
    frugal = min(result.pareto, key=lambda each: each.energy_j_per_token)
    smallest = min(result.pareto, key=lambda each: each.total_area_mm2)
    names = short_names(result.sweep.spec.fields)
    number, unit = si(frugal.energy_j_per_token, "J").split(" ")
    tiles = (
        ("fastest", significant(fastest.tokens_per_s), "tokens/s", fastest),
        ("most frugal", number, f"{unit} a token", frugal),
        ("smallest", significant(smallest.total_area_mm2), "mm²", smallest),
    )
    return [
        {"name": name, "value": value, "unit": unit, "more": _named(each, names)}
        for name, value, unit, each in tiles
    ]


def _named(each: Evaluation, names: list[str]) -> str:
    return ", ".join(
        f"{name} {setting(value)}"
        for name, value in zip(names, each.settings.values(), strict=True)
    )


def _row(each: Evaluation, on_front: bool) -> dict[str, Any]:
    """Cells as (text, value to sort by)."""
    return {
        "index": each.index,
        "front": on_front,
        "settings": [setting(value) for value in each.settings.values()],
        "cells": [
            (significant(each.tokens_per_s), each.tokens_per_s),
            (si(each.energy_j_per_token, "J"), each.energy_j_per_token),
            (significant(each.total_area_mm2), each.total_area_mm2),
            (percent(each.utilization), each.utilization),
            (count(each.cycles), each.cycles),
        ],
        "limit": limit(each),
    }

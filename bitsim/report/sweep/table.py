"""A sweep as JSON and as text for a terminal."""

from __future__ import annotations

from typing import Any

from bitsim.columns import aligned, wrapped
from bitsim.report.numbers import count, percent, si, significant
from bitsim.spec.sweep import Value
from bitsim.sweeps import Evaluation, Refusal, SweepResult

MOST_LINES = 40  # of the front in a terminal; the page has all


def sweep_table(result: SweepResult) -> dict[str, Any]:
    """Every design by index, refused ones with their reason, and the indices of the front."""
    spec = result.sweep.spec
    front = {each.index for each in result.pareto}
    rows = [_row(each, each.index in front) for each in result.evaluations]
    rows += [
        {"index": each.index, "settings": each.settings, "refused": each.reason}
        for each in result.refusals
    ]
    return {
        "sweep": spec.name,
        "accelerator": spec.accelerator,
        "network": spec.network,
        "stage": spec.stage,
        "batch": spec.batch,
        "context": spec.context,
        "designs": sorted(rows, key=lambda row: row["index"]),
        "pareto": [each.index for each in result.pareto],
    }


def _row(each: Evaluation, on_front: bool) -> dict[str, Any]:
    return {
        "index": each.index,
        "settings": each.settings,
        "refused": None,
        "cycles": each.cycles,
        "seconds": each.seconds,
        "tokens_per_s": each.tokens_per_s,
        "energy_j_per_token": each.energy_j_per_token,
        "total_area_mm2": each.total_area_mm2,
        "utilization": each.utilization,
        "stall_cycles": each.stall_cycles,
        "energy_j": each.energy_j,
        "area_mm2": each.area_mm2,
        "on_front": on_front,
    }


def sweep_text(result: SweepResult, width: int | None = None) -> str:
    """The front as an aligned table, fastest first; no line wider than `width`."""
    shown = result.pareto[:MOST_LINES]
    table = [
        [*leading(result), "tokens/s", "J/token", "mm2", "util.", "limit"],
        *(
            [
                *settings(result, each),
                significant(each.tokens_per_s),
                si(each.energy_j_per_token, "J").replace("µ", "u"),
                significant(each.total_area_mm2),
                percent(each.utilization),
                limit(each),
            ]
            for each in shown
        ),
    ]
    lines = aligned(table, width, left=0)
    if len(result.pareto) > len(shown):
        lines.append(f"... {count(len(result.pareto) - len(shown))} more")
    if not shown:
        return summary(result)
    text = "\n".join([summary(result), "", *lines, "", *companions(result)]).rstrip()
    return text if width is None else "\n".join(wrapped(text, width))


def summary(result: SweepResult) -> str:
    """How many of what."""
    designs = len(result.evaluations) + len(result.refusals)
    text = f"{result.sweep.spec.name}: {count(designs)} {'design' if designs == 1 else 'designs'}"
    if result.refusals:
        text += f", {count(len(result.refusals))} refused"
    return f"{text}, {count(len(result.pareto))} that no other design beats"


def limit(each: Evaluation) -> str:
    """What most cycles went to: busy, or a cause of waiting."""
    busy = each.cycles - sum(each.stall_cycles.values())
    cycles = {"busy": busy, **each.stall_cycles}
    return max(cycles, key=lambda name: cycles[name])


def leading(result: SweepResult) -> list[str]:
    """Short names of what varies by itself: each axis by its first field."""
    spec = result.sweep.spec
    names = dict(zip(spec.fields, short_names(spec.fields), strict=True))
    return [names[next(iter(axis))] for axis in spec.axes]


def settings(result: SweepResult, each: Evaluation | Refusal) -> list[str]:
    """A design's values of the `leading` fields."""
    return [setting(each.settings[next(iter(axis))]) for axis in result.sweep.spec.axes]


def companions(result: SweepResult) -> list[str]:
    """How the other fields follow the leading ones, a sentence each."""
    spec = result.sweep.spec
    found = []
    for axis in spec.axes:
        (first, values), *others = axis.items()
        for field, following in others:
            found.append(f"{field} follows {first}: {_listed(following)} for {_listed(values)}.")
    return found


def _listed(values: tuple[Value, ...]) -> str:
    return ", ".join(setting(value) for value in values)


def short_names(fields: tuple[str, ...]) -> list[str]:
    """The last part of each field's name, or the whole name where two parts are equal."""
    last = [field.rsplit(".", 1)[-1] for field in fields]
    return [
        short if last.count(short) == 1 else field
        for short, field in zip(last, fields, strict=True)
    ]


def setting(value: Value) -> str:
    """As TOML writes it, without quotes."""
    return str(value).lower() if isinstance(value, bool) else str(value)

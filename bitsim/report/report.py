"""The page of one run: what the template shows, from the result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from markupsafe import Markup

from bitsim.cost.part import Part
from bitsim.report import occupancy, traffic
from bitsim.report.drawing import bars
from bitsim.report.drawing.page import write_page
from bitsim.report.generation import Generation, bit_exact
from bitsim.report.machine import diagram as machine
from bitsim.report.numbers import count, percent, ratio, si, significant
from bitsim.report.parameters import notes, parameters
from bitsim.report.roofline import chart as roofline_chart
from bitsim.report.roofline import points as roofline
from bitsim.report.terminal import exactness, passes_text
from bitsim.report.timeline import chart as timeline_chart
from bitsim.report.verdict import verdict
from bitsim.system.log import PassRecord
from bitsim.system.result import RunResult

CLASS_TEXT = {
    "busy": "array busy",
    "weights": "waiting for weights",
    "activations": "waiting for activations",
    "results": "waiting for room for results",
    "drain": "fill and drain",
    "units": "no phase: units at work, hand-over",
}
CLASS_SHORT = {**{name: name for name in occupancy.CLASSES}, "activations": "activ."}


def write_report(
    result: RunResult, generation: Generation | None, path: Path, command: str = ""
) -> None:
    """One offline page: headline, machine, cycles, roofline, energy, area, timeline."""
    write_page("report.html.j2", _context(result, generation, command), path)


def _context(result: RunResult, generation: Generation | None, command: str) -> dict[str, Any]:
    points = roofline.points(result)
    layers, outside = _layers(result)
    parts = (*result.energy, *result.area)
    sources = list(dict.fromkeys(source for part in parts for source in part.sources))
    return {
        "machine": result.accelerator.name,
        "network": result.network.name,
        "technology": result.technology.name,
        "clock_mhz": result.accelerator.clock_mhz,
        "command": command,
        "subtitle": _subtitle(result),
        "generation": generation,
        "exact_text": exactness(generation),
        "exact_css": {None: "none", True: "good", False: "bad"}[bit_exact(generation)],
        "tiles": _tiles(result),
        "verdict": verdict(result),
        "classes": occupancy.CLASSES,
        "class_text": CLASS_TEXT,
        "class_short": CLASS_SHORT,
        "cycles": count(result.cycles),
        **_time(result),
        "machine_picture": machine.diagram(result),
        "kind_rows": _kinds(result),
        "layer_rows": layers,
        "outside": outside,
        "roofline_picture": roofline_chart.chart(result, points),
        "roofline_rows": _roofline_rows(points),
        "energy_rows": _parts(result.energy, "J", sources),
        "energy_total": _value(result.energy_j, "J"),
        "area_rows": _parts(result.area, "mm²", sources),
        "sources": sources,
        "area_total": _value(result.area_mm2, "mm²"),
        "timelines": _timelines(result),
        "parameters": parameters(result),
        "notes": notes(result, generation),
    }


def _subtitle(result: RunResult) -> str:
    machine_spec = result.accelerator
    return (
        f"{passes_text(result)} · {significant(machine_spec.clock_mhz)} MHz · "
        f"technology {result.technology.name}"
    )


def _tiles(result: RunResult) -> list[dict[str, str]]:
    memory = result.accelerator.memory
    first, decode = _speeds(result)
    per_token_j = result.energy_j_per_token
    rows = [
        ("speed", significant(result.tokens_per_s), "tokens/s", first),
        ("energy", *_priced(per_token_j, "J", bool(result.energy)), "a token"),
        ("area", *_mm2(result), f"technology {result.technology.name}"),
        ("utilisation", *percent(result.utilization).split(" "),
         f"of {count(result.accelerator.array.peak_products)} lanes, padding not counted"),
        ("DRAM", significant(traffic.gb_per_s(result)), "GB/s",
         f"{percent(traffic.bus_share(result))} of the {significant(memory.most_gb_per_s)} peak"),
        ("time", *si(result.seconds, "s").split(" "), f"{count(result.cycles)} cycles"),
    ]  # fmt: skip
    if decode:
        rows[0] = (*rows[0][:3], f"{first}; {decode}")
    return [dict(zip(("name", "value", "unit", "more"), row, strict=True)) for row in rows]


def _speeds(result: RunResult) -> tuple[str, str]:
    """Time to the first token, and the rate of the following ones."""
    clock_hz = result.accelerator.clock_mhz * 1e6
    first, *following = result.passes
    first_s = (first.end_cycle - first.start_cycle) / clock_hz
    if not following and first.stage == "decode":
        return f"{si(first_s, 's')} a pass", ""
    if not following:
        return f"prompt at {significant(first.m / first_s)} tokens/s", ""
    rest_s = (following[-1].end_cycle - first.end_cycle) / clock_hz
    rate = significant(ratio(sum(each.sequences for each in following), rest_s))
    return f"first after {si(first_s, 's')}", f"then {rate} a second"


def _priced(value: float, unit: str, priced: bool) -> tuple[str, str]:
    if not priced:
        return "-", "not priced"
    number, prefixed = si(value, unit).split(" ")
    return number, prefixed


def _mm2(result: RunResult) -> tuple[str, str]:
    return (significant(result.area_mm2), "mm²") if result.area else ("-", "not priced")


def _value(value: float, unit: str) -> str:
    return si(value, unit) if unit == "J" else f"{significant(value)} {unit}"


def _segments(cycles: occupancy.Cycles, full: int) -> list[tuple[str, float, str]]:
    return [
        (
            f"fill-{name}",
            ratio(getattr(cycles, name), full),
            f"{CLASS_TEXT[name]}: {count(getattr(cycles, name))} cycles, "
            f"{percent(ratio(getattr(cycles, name), cycles.total))}",
        )
        for name in occupancy.CLASSES
    ]


def _time(result: RunResult) -> dict[str, Any]:
    total = occupancy.total(result)
    units: dict[str, set[str]] = {}
    for each in result.work:
        units.setdefault(each.work, set()).add(each.unit)
    return {
        "time_bar": bars.stack(_segments(total, result.cycles)),
        "time_rows": [
            {
                "name": name,
                "text": CLASS_TEXT[name],
                "cycles": count(getattr(total, name)),
                "share": percent(ratio(getattr(total, name), result.cycles)),
                "css": "" if getattr(total, name) else "idle",
            }
            for name in occupancy.CLASSES
        ],
        "work_rows": [
            {
                "name": name,
                "unit": ", ".join(sorted(units.get(name, ()))),
                "working": count(cycles.units - cycles.handover),
                "handover": count(cycles.handover),
                "share": percent(ratio(cycles.units, result.cycles)),
            }
            for name, cycles in occupancy.work_cycles(result)
        ],
        "handover": count(total.handover),
        "working": count(total.units - total.handover),
        "unit_share": percent(ratio(total.units, result.cycles)),
    }


def _row(row: occupancy.Row, full: int, result: RunResult) -> dict[str, Any]:
    return {
        "group": "",
        "label": row.label,
        "bar": bars.stack(_segments(row.cycles, full)),
        "records": count(row.records),
        "cycles": count(row.cycles.total),
        "share": percent(ratio(row.cycles.total, result.cycles)),
        "classes": [_or_dot(getattr(row.cycles, name)) for name in occupancy.CLASSES],
    }


def _or_dot(value: int) -> str:
    return count(value) if value else "·"


def _kinds(result: RunResult) -> list[dict[str, Any]]:
    rows = occupancy.by_kind(result)
    longest = max((row.cycles.total for row in rows), default=1)
    shown = [_row(row, longest, result) for row in rows]
    for index, row in enumerate(rows):
        if index == 0 or rows[index - 1].stage != row.stage:
            in_stage = [each for each in result.passes if each.stage == row.stage]
            cycles = sum(r.cycles.total for r in rows if r.stage == row.stage)
            shown[index]["group"] = (
                f"{row.stage}: {_counted(len(in_stage), 'pass', 'passes')}, {count(cycles)} cycles"
            )
    return shown


def _counted(number: int, one: str, many: str) -> str:
    return f"{count(number)} {one if number == 1 else many}"


def _layers(result: RunResult) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    rows = occupancy.by_layer(result)
    inside = [row for row in rows if row.label != occupancy.OUTSIDE]
    longest = max((row.cycles.total for row in inside), default=1)
    outside = [_row(row, longest, result) for row in rows if row.label == occupancy.OUTSIDE]
    return [_row(row, longest, result) for row in inside], outside[0] if outside else None


def _roofline_rows(points: tuple[roofline.Point, ...]) -> list[dict[str, Any]]:
    marks = roofline_chart.shapes(points)
    return [
        {
            "icon": roofline_chart.mark_icon(marks[point.label], point.stage),
            "label": f"{point.stage or ''} {point.label}".strip(),
            "intensity": significant(point.products_per_byte),
            "rate": significant(point.products_per_s / 1e9),
            "roof": percent(point.roof_share),
        }
        for point in points
    ]


def _parts(parts: tuple[Part, ...], unit: str, sources: list[str]) -> list[dict[str, Any]]:
    whole = sum(part.value for part in parts)
    largest = max((part.value for part in parts), default=0.0)
    return [
        {
            "name": part.name,
            "estimate": part.estimate,
            "value": _value(part.value, unit),
            "share": percent(ratio(part.value, whole)),
            "bar": _part_bar(part, largest),
            "how": part.how,
            "sources": [sources.index(source) + 1 for source in part.sources],
        }
        for part in sorted(parts, key=lambda each: (-each.value, each.name))
    ]


def _part_bar(part: Part, largest: float) -> Markup:
    css = "fill-estimate" if part.estimate else "fill-part"
    return bars.stack([(css, ratio(part.value, largest), part.name)])


def _timelines(result: RunResult) -> list[dict[str, Any]]:
    chosen = [timeline_chart.whole_run(result)]
    detail = _detail_pass(result)
    if len(result.passes) > 1 or chosen[0].joined_cycles:
        chosen.append(timeline_chart.one_pass(result, detail))
    else:
        chosen = [timeline_chart.one_pass(result, detail)]
    return [_timeline(each) for each in chosen]


def _detail_pass(result: RunResult) -> PassRecord:
    """The last decode pass; with none, the last pass."""
    decode = [each for each in result.passes if each.stage == "decode"]
    return (decode or list(result.passes))[-1]


def _timeline(timeline: timeline_chart.Timeline) -> dict[str, Any]:
    span = timeline.end - timeline.start
    quarters = [(25 * i, timeline.start + span * i // 4) for i in range(5)]
    note = f"{count(timeline.records)} records."
    if timeline.joined_cycles:
        note += (
            f" Those at most {count(timeline.joined_cycles)} cycles apart are drawn as one block "
            f"of the same area."
        )
    return {
        "title": timeline.title,
        "start": timeline.start,
        "end": timeline.end,
        "lanes": timeline.lanes,
        "ticks": [
            {"x": x, "text": count(cycle), "css": {0: "", 100: "end"}.get(x, "mid")}
            for x, cycle in quarters
        ],
        "note": note,
    }

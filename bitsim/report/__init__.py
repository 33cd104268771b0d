"""Results for people: one offline page, a timeline, a JSON document, the account as text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bitsim.files.together import together
from bitsim.report.generation import Generation
from bitsim.report.report import write_report
from bitsim.report.sweep.page import write_explore
from bitsim.report.sweep.table import sweep_table, sweep_text
from bitsim.report.table import result_table, write_json, write_result
from bitsim.report.terminal import account
from bitsim.report.timeline.perfetto import write_timeline
from bitsim.system.result import RunResult

__all__ = [
    "Generation",
    "account",
    "result_table",
    "sweep_table",
    "sweep_text",
    "write_all",
    "write_explore",
    "write_report",
    "write_result",
    "write_timeline",
]


def write_all(
    result: RunResult, generation: Generation | None, command: str, folder: Path
) -> dict[str, Any]:
    """`result.json`, `report.html` and `timeline.pftrace` in a folder, all three or none.

    Returns the JSON table.
    """
    table = result_table(result, generation, command)
    with together() as files:
        write_json(table, files.place(folder / "result.json"))
        write_report(result, generation, files.place(folder / "report.html"), command)
        write_timeline(result, files.place(folder / "timeline.pftrace"))
    return table

"""A sweep as JSON, as text and as a page."""

import json
import re
from pathlib import Path

import pytest

from bitsim.report import sweep_table, sweep_text, write_explore
from bitsim.report.sweep.scatter import _Axis
from bitsim.spec import base
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.sweep import SweepSpec
from bitsim.sweeps import Evaluation, Refusal, Sweep, SweepResult


def evaluation(index, settings, tokens_per_s, joules, mm2):
    return Evaluation(
        index=index,
        settings=settings,
        cycles=1000,
        seconds=5e-6,
        tokens_per_s=tokens_per_s,
        utilization=0.4,
        energy_j_per_token=joules,
        total_area_mm2=mm2,
        stall_cycles={"weights": 500, "activations": 0, "results": 0, "drain": 10, "units": 90},
        energy_j={"lanes": joules},
        area_mm2={"lanes": mm2},
    )


@pytest.fixture
def result(small, accelerator_table):
    spec = SweepSpec(
        name="a_sweep",
        note="What is it for?",
        accelerator="dot_16x40",
        network="n",
        grid={"array.columns": (8, 16), "memory.peak_gb_per_s": (17.07, 25.6)},
        together=({"array.lanes": (40,), "array.max_k": (8190,)},),
    )
    sweep = Sweep(
        spec=spec,
        accelerator=base.check(AcceleratorSpec, accelerator_table, "test"),
        network=small.network.model_copy(update={"name": "<b>&</script>"}),
        technologies={"7nm": small.technology},
    )
    return SweepResult(
        sweep=sweep,
        evaluations=(
            evaluation(0, spec.settings(0), 100.0, 2e-3, 0.05),
            evaluation(1, spec.settings(1), 90.0, 3e-3, 0.06),  # beaten by 0
            evaluation(3, spec.settings(3), 400.0, 4e-3, 0.2),
        ),
        refusals=(Refusal(2, spec.settings(2), "design 2: </script> is too large; lower it"),),
    )


def test_the_table_has_every_design_in_order_and_the_front(result):
    table = sweep_table(result)
    assert [row["index"] for row in table["designs"]] == [0, 1, 2, 3]
    assert table["pareto"] == [3, 0]
    assert [row["index"] for row in table["designs"] if row.get("on_front")] == [0, 3]
    assert table["designs"][2]["refused"].startswith("design 2")
    assert table["designs"][0]["refused"] is None
    json.dumps(table, allow_nan=False)


def test_the_text_shows_the_front_by_what_varies_on_its_own(result):
    lines = sweep_text(result).splitlines()
    assert lines[0] == "a_sweep: 4 designs, 1 refused, 2 that no other design beats"
    assert lines[2].split() == [
        "columns", "peak_gb_per_s", "lanes", "tokens/s", "J/token", "mm2", "util.", "limit",
    ]  # fmt: skip
    assert lines[3].split() == [
        "16", "25.6", "40", "400", "4.00", "mJ", "0.200", "40.0", "%", "weights",
    ]  # fmt: skip
    assert lines[-1] == "array.max_k follows array.lanes: 8190 for 40."
    assert len({len(line) for line in lines[2:5]}) == 1


def page(result, path: Path):
    write_explore(result, path)
    return path.read_text("utf-8")


def test_the_page_shows_all_designs_and_why_some_are_refused(result, tmp_path):
    text = page(result, tmp_path / "e.html")
    assert text == page(result, tmp_path / "f.html")
    assert text.count("<script>") == 1
    assert "&lt;b&gt;&amp;&lt;/script&gt;" in text
    assert "design 2: &lt;/script&gt; is too large; lower it" in text
    assert text.count("<circle") == 3 + 2  # designs, and the legend of sizes
    assert text.count('class="design front"') == 2
    cells = re.findall(r'data-value="([^"]+)"', text)
    assert [float(cells[i]) for i in range(0, len(cells), 5)] == [400.0, 100.0, 90.0]
    assert "https:" not in text


def test_a_sweep_with_nothing_but_refusals_has_a_page_too(result, tmp_path):
    nothing = SweepResult(result.sweep, (), result.refusals)
    assert "No design could be simulated" in page(nothing, tmp_path / "e.html")
    assert sweep_text(nothing) == "a_sweep: 1 design, 1 refused, 0 that no other design beats"


@pytest.mark.parametrize("values", [[5.0], [5.0, 5.0], [1.0, 1e9], [572.0, 573.0], [99.0, 101.0]])
def test_an_axis_places_every_value_inside_and_has_ticks(values):
    axis = _Axis(values, 0.0, 100.0)
    assert all(0.0 < axis.place(value) < 100.0 for value in values)
    ticks = axis.ticks()
    assert 1 <= len(ticks) <= 30
    assert all(0.0 <= axis.place(tick) <= 100.0 for tick in ticks)

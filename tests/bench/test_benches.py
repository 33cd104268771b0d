"""Every bench runs, at a tiny size; what it measures here is no figure."""

from __future__ import annotations

import importlib
import math

import pytest

from tests.bench import run
from tests.bench.rows import row


@pytest.mark.parametrize("name", run.NAMES)
def test_a_bench_runs_and_gives_medians_between_their_least_and_most(name: str) -> None:
    bench = importlib.import_module(f"tests.bench.{name}_speed")
    rows = bench.measure(bench.TINY)
    assert len({(each.name, each.alternative) for each in rows}) == len(rows) >= 2
    for each in rows:
        assert math.isfinite(each.value)
        assert each.value > 0
        assert (each.ratio is None) == (each.alternative is None)
        if each.ratio is not None:
            assert 0 < each.least <= each.ratio <= each.most
        assert each.text().startswith(each.name)


def test_there_is_a_bench_of_each_kind() -> None:
    assert run.NAMES == ["array", "head", "reference", "start", "token", "verilator"]


def test_a_row_is_the_median_of_its_runs_with_the_spread_of_the_ratios() -> None:
    found = row("a", "Hz", [4.0, 1.0, 3.0], "b", [2.0, 2.0, 1.0])
    assert (found.value, found.ratio, found.least, found.most) == (3.0, 2.0, 0.5, 3.0)
    assert found.text().split()[-6:] == ["2.00", "(0.50", "to", "3.00)", "x", "b"]
    assert row("a", "Hz", [5.0, 7.0]).ratio is None


@pytest.mark.parametrize("name", run.NAMES)
@pytest.mark.full
def test_a_bench_runs_at_its_full_size(name: str) -> None:
    bench = importlib.import_module(f"tests.bench.{name}_speed")
    assert all(each.value > 0 for each in bench.measure(bench.FULL))

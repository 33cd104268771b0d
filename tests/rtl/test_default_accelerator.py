"""The committed machine: a few random phases, and the recorded products of the embedded network."""

from __future__ import annotations

from pathlib import Path

from bitsim.agreement.arrays.compare import check
from bitsim.agreement.check import cases_of_events, cases_of_random_work
from bitsim.spec.catalog import load_accelerator
from bitsim.spec.defaults import ACCELERATOR
from bitsim.trace import load_trace

TRACE = Path(__file__).resolve().parents[2] / "traces" / "addition.trace"


def test_random_phases_agree(bench_work: Path) -> None:
    found = check(
        cases_of_random_work(load_accelerator(ACCELERATOR), 1), bench_work, optimize="-O1"
    )
    assert found.failures == []
    assert (found.cases, found.phases) == (2, 12)


def test_the_recorded_products_agree(bench_work: Path) -> None:
    events = list(load_trace(TRACE).events())
    cases = cases_of_events(load_accelerator(ACCELERATOR), events)
    found = check(cases, bench_work, optimize="-O1")
    assert found.failures == []
    assert found.phases == 2 * len(events) > 0

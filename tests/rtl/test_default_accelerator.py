"""The committed machine: a few random phases."""

from __future__ import annotations

from pathlib import Path

from bitsim.agreement.compare import check
from bitsim.agreement.rtl import cases_of_random_work
from bitsim.spec.catalog import load_accelerator
from bitsim.spec.defaults import ACCELERATOR


def test_random_phases_agree(bench_work: Path) -> None:
    found = check(
        cases_of_random_work(load_accelerator(ACCELERATOR), 1), bench_work, optimize="-O1"
    )
    assert found.failures == ()
    assert (found.cases, found.phases) == (2, 12)

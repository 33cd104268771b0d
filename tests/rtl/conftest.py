"""Where the simulators that these tests build are kept: a second run finds them."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def bench_work() -> Path:
    work = Path(__file__).resolve().parents[2] / "build" / "rtl"
    work.mkdir(parents=True, exist_ok=True)
    return work

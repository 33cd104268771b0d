"""The sweeps in `models/sweeps`: every design is sound; `make test-full` simulates all of them."""

from __future__ import annotations

import pytest

from bitsim.spec import catalog
from bitsim.sweeps import Evaluation, Sweep, load_sweep
from bitsim.sweeps.evaluate import evaluate


@pytest.fixture(params=catalog.names("sweeps"))
def sweep(request: pytest.FixtureRequest) -> Sweep:
    return load_sweep(request.param)


def test_every_design_is_an_accelerator_that_its_technology_prices(sweep: Sweep) -> None:
    for index in range(sweep.spec.count):
        design = sweep.design(index)
        assert sweep.technology(design).name == design.technology


def test_the_first_and_the_last_design_are_simulated(sweep: Sweep) -> None:
    first, last = (evaluate(sweep, index) for index in (0, sweep.spec.count - 1))
    assert isinstance(first, Evaluation)
    assert isinstance(last, Evaluation)
    assert first.settings != last.settings
    assert first.cycles > last.cycles > 0  # the narrowest and the widest machine

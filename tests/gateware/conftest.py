"""A machine small enough for Amaranth's own simulator."""

import pytest

from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.catalog import load_accelerator
from bitsim.spec.defaults import ACCELERATOR
from tests.cases.arrays import HELD


@pytest.fixture(scope="session")
def small() -> AcceleratorSpec:
    return load_accelerator(ACCELERATOR).model_copy(update={"name": "held", "array": HELD})

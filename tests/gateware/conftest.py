"""A machine small enough for Amaranth's own simulator."""

import pytest

from bitsim.agreement.named_cases import HELD
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.catalog import load_accelerator
from bitsim.spec.defaults import ACCELERATOR


@pytest.fixture(scope="session")
def small() -> AcceleratorSpec:
    return load_accelerator(ACCELERATOR).model_copy(update={"name": "held", "array": HELD})

"""A network that runs in milliseconds."""

from __future__ import annotations

import pytest

from bitsim.spec import catalog
from bitsim.spec.network import NetworkSpec, Statistics


@pytest.fixture(scope="session")
def network() -> NetworkSpec:
    """Two layers, sizes that no array divides."""
    return NetworkSpec(
        name="small",
        hidden_size=44,
        intermediate_size=90,
        layers=2,
        heads=2,
        kv_heads=1,
        vocab_size=70,
        max_context=64,
        rms_norm_eps=1e-5,
        rope_theta=1e4,
        tied_head=True,
        bos_id=0,
        eos_ids=(1,),
        statistics=Statistics(zero_weight_fraction=0.4, zero_ffn_fraction=0.5, source="made up"),
    )


@pytest.fixture(scope="session")
def technology():
    """7 nm."""
    return catalog.load_technology("7nm")

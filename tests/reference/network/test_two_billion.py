"""The synthetic network of the true dimensions has the published statistics."""

import numpy as np
import pytest

from bitsim.reference.checkpoints.load import load_network
from bitsim.reference.kernels.product.product import exact_product

TERNARY_WEIGHTS = 2_084_044_800


@pytest.mark.full
def test_synthetic_2b_network_is_like_the_published_one():
    network = load_network("bitnet-b1.58-2b-4t")
    spec = network.spec
    matrices = [m for layer in network.layers for ms in layer.products for m in ms]
    assert sum(m.n * m.k for m in matrices) == TERNARY_WEIGHTS
    zeros = sum(m.zero_weights for m in matrices)
    assert zeros / TERNARY_WEIGHTS == pytest.approx(spec.statistics.zero_weight_fraction, abs=1e-3)

    shares = []

    def product(event):
        sums = exact_product(event)
        if event.name.endswith("gate_up"):
            gate, up = np.split(sums, 2, axis=1)
            shares.append(np.mean((gate <= 0) | (up == 0)))
        return sums

    ids = np.random.default_rng(0).integers(0, spec.vocab_size, 12)
    logits = network.forward(ids, network.empty_cache(12), product)
    assert len(shares) == 30
    assert np.mean(shares) == pytest.approx(spec.statistics.zero_ffn_fraction, abs=0.01)
    assert np.isfinite(logits).all()
    assert 1 < logits.std() < 10

"""The shapes of models/networks against published counts of parameters."""

import pytest

from bitsim.errors import BitsimError
from bitsim.spec import catalog

# LLaMA has two norms a layer and one at the end. Counts of PyTorch's parameters of the published
# models: 6,738,415,616 and so on.
LLAMA = {
    "llama-2-7b-shape": 6_738_415_616,
    "llama-2-13b-shape": 13_015_864_320,
    "llama-2-70b-shape": 68_976_648_192,
}
# BitNet has two norms more: behind attention, and one as wide as the FFN.
BITNET = {"bitnet-b1.58-2b-4t": 2_412_820_480}
ROUNDED = {"1bitllm-large": 0.7, "1bitllm-xl": 1.3, "1bitllm-3b": 3.3}  # 10^9, as the names say


def weights(spec):
    """Parameters without the gains of norms."""
    tables = 1 if spec.tied_head else 2
    return spec.ternary_weights + tables * spec.vocab_size * spec.hidden_size


@pytest.mark.parametrize("name", LLAMA)
def test_shapes_of_llama_2_have_its_parameters(name):
    spec = catalog.load_network_spec(name)
    assert weights(spec) + (2 * spec.layers + 1) * spec.hidden_size == LLAMA[name]


@pytest.mark.parametrize("name", BITNET)
def test_shapes_of_bitnet_have_its_parameters(name):
    spec = catalog.load_network_spec(name)
    gains = spec.layers * (3 * spec.hidden_size + spec.intermediate_size) + spec.hidden_size
    assert weights(spec) + gains == BITNET[name]


@pytest.mark.parametrize("name", ROUNDED)
def test_reproductions_have_the_parameters_of_their_names(name):
    assert round(weights(catalog.load_network_spec(name)) / 1e9, 1) == ROUNDED[name]


@pytest.mark.parametrize("name", [*LLAMA, *BITNET, *ROUNDED])
def test_statistics_name_what_they_rest_on(name):
    spec = catalog.load_network_spec(name)
    assert spec.note
    assert ("Assumed" in spec.statistics.source) == (name not in BITNET)


@pytest.mark.parametrize("name", [*LLAMA, *BITNET, *ROUNDED])
def test_the_default_machine_takes_what_its_longest_product_allows(name):
    array = catalog.load_accelerator("dot_16x40").array
    products = catalog.load_network_spec(name).products(0)
    longest = max((product.phase(1) for product in products), key=lambda phase: phase.k)
    if name in ("bitnet-b1.58-2b-4t", "1bitllm-large", "1bitllm-xl"):
        assert array.tiling(longest).k_beats * array.lanes >= longest.k
    else:
        with pytest.raises(BitsimError, match="raise max_k"):
            array.tiling(longest)

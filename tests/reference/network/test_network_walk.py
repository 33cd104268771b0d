"""Bit for bit: prefill and decode, any number of threads; limits of a pass."""

import numba
import numpy as np
import pytest

from bitsim.errors import BitsimError
from bitsim.reference.checkpoints.load import load_network
from bitsim.reference.kernels import floats, threads
from bitsim.reference.kernels.product.product import exact_product
from bitsim.reference.kernels.random_bits import to_bf16
from bitsim.reference.network.synthetic import synthesize
from bitsim.spec.network import NetworkSpec, Statistics

SHAPE = NetworkSpec(
    name="small",
    hidden_size=120,
    intermediate_size=250,
    layers=2,
    heads=6,
    kv_heads=2,
    vocab_size=300,
    max_context=40,
    rms_norm_eps=1e-5,
    rope_theta=10000.0,
    tied_head=True,
    bos_id=0,
    eos_ids=(1,),
    statistics=Statistics(zero_weight_fraction=0.44, zero_ffn_fraction=0.598, source="published"),
)
IDS = np.random.default_rng(0).integers(0, 300, 23)


@pytest.fixture(scope="module")
def network():
    return synthesize(SHAPE, seed=3)


def walk(network, parts):
    """Logits of all tokens, and the cache, with the tokens read in parts of these sizes."""
    assert sum(parts) == IDS.size
    cache = network.empty_cache(IDS.size)
    rows = []
    for size in parts:
        ids = IDS[cache.length : cache.length + size]
        rows.append(network.forward(ids, cache, all_logits=True))
    return np.concatenate(rows), cache


@pytest.mark.parametrize("parts", [[1] * 23, [5, 1, 17], [22, 1]])
def test_prefill_and_decode_give_the_same_bits(network, parts):
    whole, whole_cache = walk(network, [23])
    split, split_cache = walk(network, parts)
    assert split.tobytes() == whole.tobytes()
    assert split_cache.keys.tobytes() == whole_cache.keys.tobytes()
    assert split_cache.values.tobytes() == whole_cache.values.tobytes()
    assert split_cache.passes == len(parts)


def test_last_logits_are_those_of_the_last_token(network):
    logits = network.forward(IDS, network.empty_cache(23))
    assert logits.shape == (1, 300)
    assert logits.tobytes() == walk(network, [23])[0][-1:].tobytes()


def test_number_of_threads_changes_no_bit(network, monkeypatch):
    alone, alone_cache = walk(network, [20, 3])  # too little work for more than one
    monkeypatch.setattr(threads, "PARALLEL_FROM", 0)
    shared, shared_cache = walk(network, [20, 3])
    assert shared.tobytes() == alone.tobytes()
    assert shared_cache.keys.tobytes() == alone_cache.keys.tobytes()
    assert shared_cache.values.tobytes() == alone_cache.values.tobytes()


def test_number_of_threads_changes_no_synthetic_weight(network):
    count = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        alone = synthesize(SHAPE, seed=3)
    finally:
        numba.set_num_threads(count)
    assert network.embedding.bits.tobytes() == alone.embedding.bits.tobytes()
    for layer, other in zip(network.layers, alone.layers, strict=True):
        for matrices, others in zip(layer.products, other.products, strict=True):
            assert [m.digest for m in matrices] == [m.digest for m in others]


@pytest.mark.parametrize("all_logits", [False, True])
def test_batch_of_sequences_is_each_alone(network, all_logits):
    passes = [[IDS[:7], IDS[3:4], IDS[9:20]], [IDS[7:8], IDS[4:9], IDS[20:21]]]
    together = [network.empty_cache(12) for _ in range(3)]
    alone = [network.empty_cache(12) for _ in range(3)]
    asked = []

    def product(event):
        asked.append((event.pass_index, event.name, len(event.activations)))
        return exact_product(event)

    for ids in passes:
        logits = network.forward_batch(ids, together, product, all_logits)
        for own, part, cache in zip(logits, ids, alone, strict=True):
            assert own.tobytes() == network.forward(part, cache, None, all_logits).tobytes()
    assert [m for index, name, m in asked if name == "layers.0.qkv"] == [19, 7]
    assert [index for index, name, _ in asked if name == "layers.0.qkv"] == [0, 1]
    for cache, other in zip(together, alone, strict=True):
        assert (cache.length, cache.passes) == (other.length, other.passes)
        assert cache.keys.tobytes() == other.keys.tobytes()
        assert cache.values.tobytes() == other.values.tobytes()


def test_a_later_token_changes_nothing_before_it(network):
    ids = IDS.copy()
    ids[-1] = (ids[-1] + 1) % 300
    changed = network.forward(ids, network.empty_cache(23), all_logits=True)
    original = walk(network, [23])[0]
    assert changed[:-1].tobytes() == original[:-1].tobytes()
    assert changed[-1].tobytes() != original[-1].tobytes()


def test_products_are_asked_for_as_the_spec_lists_them(network):
    asked = []

    def product(event):
        asked.append((event.pass_index, event.phase))
        return exact_product(event)

    cache = network.empty_cache(9)
    for ids in (IDS[:8], IDS[8:9]):
        network.forward(ids, cache, product)
    assert asked == [
        (index, product.phase(m))
        for index, m in ((0, 8), (1, 1))
        for layer in range(2)
        for product in SHAPE.products(layer)
    ]


def test_one_wrong_sum_reaches_the_logits(network):
    def product(event):
        sums = exact_product(event)
        if event.name == "layers.1.down":
            sums[-1, 50] += 1
        return sums

    right = network.forward(IDS, network.empty_cache(23))
    wrong = network.forward(IDS, network.empty_cache(23), product)
    assert right.tobytes() != wrong.tobytes()


@pytest.mark.parametrize("token_id", [-1, 300, 2**40])
def test_ids_outside_the_vocabulary_are_refused(network, token_id):
    with pytest.raises(BitsimError, match=f"token id {token_id} is outside the vocabulary of 300"):
        network.forward(np.array([5, token_id]), network.empty_cache(2))


@pytest.mark.parametrize("capacity", [0, 41])
def test_context_beyond_the_network_is_refused(network, capacity):
    with pytest.raises(BitsimError, match=f"a context of {capacity} tokens"):
        network.empty_cache(capacity)


def test_shapes_share_of_zeros_is_met(network):
    zeros = total = 0
    for layer in network.layers:
        for matrices in layer.products:
            for each in matrices:
                zeros += np.count_nonzero(each.unpack() == 0)
                total += each.n * each.k
    assert total == SHAPE.ternary_weights
    assert zeros / total == pytest.approx(0.44, abs=0.02)  # bias channels are a tenth here

    shares = []

    def product(event):
        sums = exact_product(event)
        if event.name.endswith("gate_up"):
            shares.append(np.mean(sums[:, :250] <= 0))
        return sums

    network.forward(IDS, network.empty_cache(23), product)
    assert np.mean(shares) == pytest.approx(0.598, abs=0.03)


def test_seeds_make_different_networks(network):
    assert synthesize(SHAPE, seed=4).embedding.bits.tobytes() != network.embedding.bits.tobytes()
    digests = {m.digest for layer in network.layers for ms in layer.products for m in ms}
    assert len(digests) == 14  # no two matrices alike


def test_a_toml_shape_gets_weights_if_it_has_statistics(tmp_path):
    path = tmp_path / "thin.toml"
    text = (
        'name = "thin"\nhidden_size = 64\nintermediate_size = 96\nlayers = 1\nheads = 2\n'
        "kv_heads = 1\nvocab_size = 256\nmax_context = 16\nrms_norm_eps = 1e-5\n"
        "rope_theta = 1e4\ntied_head = false\nbos_id = 0\neos_ids = [1]\n"
    )
    path.write_text(text)
    with pytest.raises(BitsimError, match="statistics"):
        load_network(str(path))
    path.write_text(
        text + "[statistics]\nzero_weight_fraction = 0.4\nzero_ffn_fraction = 0.6\nsource = 'x'\n"
    )
    network = load_network(str(path), seed=1)
    assert network.synthetic
    assert network.tokenizer.encode("Hé") == [72, 195, 169]
    assert network.head is not network.embedding
    assert network.memory_bytes == 2 * 2 * 256 * 64 + 4 * (4 * 64 + 96) + 64 * 64 // 4 * 3 + (
        3 * 64 * 96 // 4
    )


@pytest.mark.parametrize("k", [1, 31, 32, 33, 100, 128, 129, 160, 300])
def test_dot_adds_in_its_written_order(k):
    random = np.random.default_rng(k)
    bits, y = to_bf16(random.standard_normal(k)), random.standard_normal(k).astype(np.float32)
    x = (bits.astype(np.uint32) << 16).view(np.float32)
    lanes = np.zeros(32, np.float32)
    for place in range(k):
        lanes[place % 32] += x[place] * y[place]
    while lanes.size > 1:
        lanes = lanes[: lanes.size // 2] + lanes[lanes.size // 2 :]
    scratch = np.empty(32, np.float32)
    assert floats.dot(x, y, scratch) == lanes[0]
    bits.flags.writeable = False
    assert floats.dot_bf16(bits, y, scratch) == lanes[0]

"""Which token comes next, and when generation ends."""

from pathlib import Path

import numpy as np
import pytest

from bitsim.errors import BitsimError
from bitsim.reference.checkpoints.load import load_network
from bitsim.reference.generation.generate import generate
from bitsim.reference.generation.sampling import TopKSampler, greedy
from bitsim.reference.kernels.product.product import exact_product

GOLDEN = Path(__file__).parents[2] / "golden" / "hf"
EOS = 1


@pytest.fixture(scope="module")
def network():
    return load_network(str(GOLDEN / "offline"))


def test_greedy_takes_the_first_of_equals():
    assert greedy(np.array([1, 3, 3, -2], np.float32)) == 1


def test_generated_tokens_are_the_likeliest_after_all_before_them(network):
    prompt = [5, 77, 200]
    ids = generate(network, prompt, 6, greedy)
    whole = np.array(prompt + ids[:-1])
    logits = network.forward(whole, network.empty_cache(whole.size), all_logits=True)
    assert logits[len(prompt) - 1 :].argmax(axis=1).tolist() == ids


def test_generation_stops_behind_an_end_token(network):
    said = iter([9, 8, EOS, 7])
    seen = []
    assert generate(network, [3], 4, lambda _: next(said), on_token=seen.append) == [9, 8, EOS]
    assert seen == [9, 8, EOS]


def test_there_is_a_pass_for_each_token(network):
    passes = []

    def product(event):
        passes.append((event.pass_index, len(event.activations)))
        return exact_product(event)

    ids = generate(network, [3, 4, 5], 3, lambda _: 9, product)
    assert len(ids) == 3
    assert list(dict.fromkeys(passes)) == [(0, 3), (1, 1), (2, 1)]


def test_context_is_used_to_its_last_place_and_not_beyond(network):
    assert network.spec.max_context == 64
    assert len(generate(network, [2] * 60, 5, lambda _: 9)) == 5
    with pytest.raises(BitsimError, match="tokens = 6: with 60 of the prompt"):
        generate(network, [2] * 60, 6, lambda _: 9)


@pytest.mark.parametrize(("prompt", "tokens"), [([], 1), ([1], 0), ([1], -3)])
def test_nothing_to_do_is_refused(network, prompt, tokens):
    with pytest.raises(BitsimError):
        generate(network, prompt, tokens, greedy)


def test_sampling_is_a_function_of_its_seed(network):
    def sample(seed):
        return generate(network, [5, 6], 12, TopKSampler(100.0, top_k=50, seed=seed))

    assert sample(1) == sample(1)
    assert sample(1) != sample(2)


def test_samples_are_as_frequent_as_the_softmax_says():
    logits = np.log(np.array([0.5, 0.3, 0.15, 0.05], np.float32))
    sampler = TopKSampler(1.0, seed=0)
    drawn = np.bincount([sampler(logits) for _ in range(4000)], minlength=4) / 4000
    assert np.abs(drawn - [0.5, 0.3, 0.15, 0.05]).max() < 0.03


def test_only_the_likeliest_k_are_drawn():
    logits = np.array([0.0, 2.0, 1.9, -1.0], np.float32)
    sampler = TopKSampler(100.0, top_k=2, seed=0)
    assert {sampler(logits) for _ in range(200)} == {1, 2}


def test_of_equals_those_with_the_lowest_ids_are_drawn():
    """More equals than a sort keeps in order by chance."""
    logits = np.zeros(1000, np.float32)
    logits[[900, 901]] = 1.0
    sampler = TopKSampler(100.0, top_k=5, seed=0)
    assert {sampler(logits) for _ in range(400)} == {900, 901, 0, 1, 2}


def test_low_temperature_is_greedy_even_with_large_logits():
    logits = np.array([3e37, 1e38, -3e38], np.float32)
    sampler = TopKSampler(1e-6, seed=0)
    assert {sampler(logits) for _ in range(20)} == {1}


@pytest.mark.parametrize(
    ("temperature", "top_k", "seed"),
    [(0, 0, 0), (-1, 0, 0), (float("nan"), 0, 0), (float("inf"), 0, 0), (1, -1, 0), (1, 0, -1)],
)
def test_settings_that_make_no_sense_are_refused(temperature, top_k, seed):
    with pytest.raises(BitsimError):
        TopKSampler(temperature, top_k, seed)

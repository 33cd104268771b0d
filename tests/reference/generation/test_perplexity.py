"""Perplexity against a plain log-softmax, and against what transformers' logits say."""

import math
from pathlib import Path

import numba
import numpy as np
import pytest

from bitsim.errors import BitsimError
from bitsim.files.tensorfile import open_tensors
from bitsim.reference.checkpoints.load import load_network
from bitsim.reference.generation.perplexity import (
    negative_log_likelihood,
    perplexity,
    text_ids,
    windows,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "hf"
IDS = np.random.default_rng(4).integers(0, 512, 700).tolist()


@pytest.fixture(scope="module")
def small():
    return load_network("small", seed=2)


def plain_losses(logits, targets):
    """Log-softmax as a textbook has it."""
    wide = np.asarray(logits, np.float64)
    top = wide.max(axis=1, keepdims=True)
    log_probabilities = wide - top - np.log(np.exp(wide - top).sum(axis=1, keepdims=True))
    return -log_probabilities[np.arange(len(targets)), targets]


def test_one_window_is_the_mean_of_a_plain_log_softmax(small):
    ids = IDS[:200]
    result = perplexity(small, ids)
    inputs = np.array([small.spec.bos_id, *ids[:-1]])
    logits = small.forward(inputs, small.empty_cache(200), all_logits=True)
    mean = plain_losses(logits, ids).mean()
    assert result.nll == pytest.approx(mean, rel=1e-13)
    assert result.perplexity == pytest.approx(math.exp(mean), rel=1e-12)
    assert (result.tokens, result.windows, result.context, result.stride) == (200, 1, 256, 128)


@pytest.mark.parametrize(("context", "stride"), [(100, 50), (100, 100), (70, 1), (256, 90), (1, 1)])
def test_windows_are_what_they_are_said_to_be(small, context, stride):
    ids = IDS[:300] if stride > 1 else IDS[:90]
    losses, begin = [], 0
    while len(losses) < len(ids):
        targets = ids[begin : begin + context]
        inputs = np.array([small.spec.bos_id, *targets[:-1]])
        logits = small.forward(inputs, small.empty_cache(len(inputs)), all_logits=True)
        losses += plain_losses(logits, targets)[len(losses) - begin :].tolist()
        begin += stride
    result = perplexity(small, ids, context, stride)
    assert result.nll == pytest.approx(np.mean(losses), rel=1e-13)


@pytest.mark.parametrize("tokens", [1, 63, 64, 65, 200])
@pytest.mark.parametrize(("context", "stride"), [(1, 1), (64, 64), (64, 32), (64, 1), (50, 49)])
def test_every_token_counts_once_and_with_its_context(tokens, context, stride):
    counted = []
    for window in windows(tokens, context, stride):
        assert window.begin <= window.first < window.end <= window.begin + context
        assert window.begin == 0 or window.first - window.begin >= context - stride
        counted += range(window.first, window.end)
    assert counted == list(range(tokens))


@pytest.mark.parametrize("case", ["offline", "untied"])
def test_the_logits_of_transformers_give_nearly_the_same(case):
    # Nearly: one flipped rounding changes all logits behind it, in any two implementations.
    network = load_network(str(GOLDEN / case))
    recorded = open_tensors(GOLDEN / case / "recorded.safetensors")
    ids, expected = recorded.tensor("ids"), recorded.tensor("logits")
    logits = network.forward(ids, network.empty_cache(ids.size), all_logits=True)
    theirs = plain_losses(expected[:-1], ids[1:]).mean()
    ours = np.mean(
        [negative_log_likelihood(*each) for each in zip(logits[:-1], ids[1:], strict=True)]
    )
    assert ours == pytest.approx(theirs, rel=0.02)


def test_a_right_sum_is_foretold_and_a_wrong_one_is_not():
    network = load_network("addition")
    right = text_ids(network, "734+589=1323")
    wrong = text_ids(network, "734+589=1324")
    assert network.spec.bos_id not in right
    assert perplexity(network, wrong).nll > perplexity(network, right).nll + 0.2


def test_bytes_of_a_synthetic_network_are_all_counted(small):
    assert text_ids(small, "aé\n") == [97, 195, 169, 10]


def test_one_thread_gives_the_bits_of_two(small):
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        alone = perplexity(small, IDS[:150])
    finally:
        numba.set_num_threads(before)
    assert alone == perplexity(small, IDS[:150])


def test_extreme_logits_keep_their_likelihood():
    logits = np.array([3e38, -3e38, 3e38], np.float32)
    assert negative_log_likelihood(logits, 0) == pytest.approx(math.log(2))
    assert negative_log_likelihood(np.zeros(512, np.float32), 7) == pytest.approx(math.log(512))


def test_progress_counts_tokens_up_to_all(small):
    seen = []
    perplexity(small, IDS[:150], 100, 50, on_tokens=lambda done, of: seen.append((done, of)))
    assert seen == [(64, 150), (100, 150), (150, 150)]


@pytest.mark.parametrize(
    ("ids", "context", "stride", "says"),
    [
        ([], None, None, "no tokens"),
        ([1, 512], None, None, "token id 512 is outside the vocabulary of 512"),
        ([1, -1], None, None, "token id -1"),
        ([1], 257, None, "context = 257: must be 1 to 256"),
        ([1], 0, None, "context = 0"),
        ([1], 64, 65, "stride = 65: must be 1 to the context, 64"),
        ([1], 64, 0, "stride = 0"),
    ],
)
def test_what_cannot_be_computed_is_refused(small, ids, context, stride, says):
    with pytest.raises(BitsimError) as caught:
        perplexity(small, ids, context, stride)
    assert says in str(caught.value)

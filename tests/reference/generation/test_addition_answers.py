"""The embedded network, in the reference, on problems that it was never trained on."""

import importlib.util

import pytest

from bitsim.reference.checkpoints.load import load_network
from bitsim.reference.generation.generate import generate
from bitsim.reference.generation.sampling import greedy
from bitsim.spec import catalog

MOST_TOKENS = 6  # five digits and the end


@pytest.fixture(scope="module")
def network():
    return load_network("addition")


@pytest.fixture(scope="module")
def problems():
    """The training script's own definition of what is held out."""
    path = catalog.models_folder() / "networks" / "addition" / "problems.py"
    spec = importlib.util.spec_from_file_location("addition_problems", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def answer(network, prompt):
    """The text after a prompt; with no end in time it is marked, and so no answer."""
    ids = generate(network, network.tokenizer.encode(prompt), MOST_TOKENS, greedy)
    return network.tokenizer.decode(ids) + ("" if ids[-1] in network.spec.eos_ids else "...")


def accuracy(network, problems):
    """Share of exact answers."""
    return sum(answer(network, each.prompt) == each.answer for each in problems) / len(problems)


def test_the_sum_of_the_readme(network):
    assert answer(network, "734+589=") == "1323"


def test_the_answer_comes_digit_by_digit_in_reading_order(network):
    stream = network.tokenizer.stream()
    pieces = []
    generate(
        network,
        network.tokenizer.encode("734+589="),
        MOST_TOKENS,
        greedy,
        on_token=lambda token_id: pieces.append(stream.push(token_id)),
    )
    assert pieces == ["1", "3", "2", "3", ""]
    assert stream.finish() == ""


def test_held_out_sums_are_right(network, problems):
    assert accuracy(network, problems.held_out(seed=1, count=200)) >= 0.98


@pytest.mark.full
def test_ninety_nine_of_a_hundred_held_out_sums_are_right(network, problems):
    assert accuracy(network, problems.held_out(seed=1, count=4096)) >= 0.99

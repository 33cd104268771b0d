"""The output head scored by the simulated array: the integers and logits of the int8 head."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bitsim.reference.checkpoints.load import load_network
from bitsim.reference.generation.generate import generate
from bitsim.reference.generation.sampling import greedy
from bitsim.reference.network.head import with_int8_head
from bitsim.reference.tables import Int8Table
from bitsim.runs.array_head import HeadDigits
from bitsim.runs.generation import Comparison, prepare
from bitsim.spec import catalog
from bitsim.system import Machine

ACCELERATOR = catalog.load_accelerator("dot_16x40_head")


@pytest.fixture(scope="module")
def network():
    return with_int8_head(load_network("addition"))


def test_answers_and_logits_are_those_of_the_int8_head_bit_for_bit(network):
    prompt_ids = network.tokenizer.encode("734+589=")
    seen = []

    def choose(logits):
        seen.append(logits.copy())
        return greedy(logits)

    expected = generate(network, prompt_ids, 6, choose)
    by_reference = [seen.pop(0) for _ in expected]
    comparison = Comparison.of(ACCELERATOR, network)
    ids = generate(comparison.network(network), prompt_ids, 6, choose, comparison.product)
    comparison.finish()
    assert ids == expected
    assert comparison.mismatches == 0
    for ours, theirs in zip(by_reference, seen, strict=True):
        assert np.array_equal(ours.view(np.uint32), theirs.view(np.uint32))
    passes, spec = len(ids), network.spec
    rows = sum(product.n for layer in range(spec.layers) for product in spec.products(layer))
    tokens = len(prompt_ids) + passes - 1
    assert comparison.sums == tokens * rows + passes * spec.vocab_size


def test_a_wrong_digit_is_found(network):
    head = HeadDigits.of(ACCELERATOR, network.spec, network.head)
    (matrix,) = head.matrices
    packed = matrix.packed.copy()
    lowest = 5 * ACCELERATOR.array.columns  # digit of row 0; four of its weights
    packed[lowest, 0] = 0x55 if packed[lowest, 0] != 0x55 else 0x56
    wrong = replace(head, matrices=[replace(matrix, packed=packed)])
    machine = Machine(ACCELERATOR, network.spec, values=True)
    comparison = Comparison(machine, head=wrong)
    prompt_ids = network.tokenizer.encode("1+1=")
    generate(comparison.network(network), prompt_ids, 1, greedy, comparison.product)
    assert comparison.mismatches == 1
    assert comparison.first == "pass 0, head"


def test_six_digits_as_every_row_has_a_code_of_127(network):
    assert HeadDigits.of(ACCELERATOR, network.spec, network.head).digits == 6


@pytest.mark.parametrize(("most", "needed"), [(1, 1), (4, 2), (121, 5)])
def test_codes_that_are_smaller_take_fewer_digits(network, most, needed):
    table = Int8Table(network.head.source)
    table.codes[:] = np.clip(table.codes, -most, most)
    head = HeadDigits.of(ACCELERATOR, network.spec, table)
    assert head.digits == needed
    small = replace(network, head=table)
    prompt_ids = network.tokenizer.encode("1+1=")
    comparison = Comparison.of(ACCELERATOR, small)
    generate(comparison.network(small), prompt_ids, 2, greedy, comparison.product)
    assert comparison.mismatches == 0


def test_a_head_in_the_array_is_in_int8_and_that_is_said():
    said = []
    session = prepare(
        accelerator="dot_16x40_head",
        network="addition",
        technology=None,
        seed=0,
        temperature=0.0,
        prompt="1+1=",
        max_tokens=1,
        say=said.append,
    )
    assert isinstance(session.network.head, Int8Table)
    assert said[0] == (
        "dot_16x40_head: its array scores the head, so that is in int8, as with --head int8"
    )

"""Decoding in one kernel gives the bits of the plain walk, whoever takes which part of it."""

import dataclasses

import numba
import numpy as np
import pytest

from bitsim.errors import BitsimError
from bitsim.reference.kernels import threads
from bitsim.reference.kernels.product.product import exact_product
from bitsim.reference.kernels.team import done, finished, take, tickets, wait
from bitsim.reference.network.addresses import Addresses
from bitsim.reference.network.attention import rope_table
from bitsim.reference.network.one_token import walk as one_token
from bitsim.reference.network.one_token.heads import POSITIONS
from bitsim.reference.network.one_token.token import STEPS, Places, Token
from bitsim.reference.network.synthetic import synthesize
from bitsim.spec.network import NetworkSpec, Statistics


def shape(hidden, ffn, heads, kv_heads):
    statistics = Statistics(zero_weight_fraction=0.44, zero_ffn_fraction=0.598, source="published")
    return NetworkSpec(
        name="small",
        hidden_size=hidden,
        intermediate_size=ffn,
        layers=2,
        heads=heads,
        kv_heads=kv_heads,
        vocab_size=300,
        max_context=700,
        rms_norm_eps=1e-5,
        rope_theta=10000.0,
        tied_head=True,
        bos_id=0,
        eos_ids=(1,),
        statistics=statistics,
    )


SHAPES = {
    "odd widths, groups of three": shape(120, 250, 6, 2),
    "one head each": shape(400, 1000, 4, 4),
    "one kv head for five": shape(640, 1728, 5, 1),
    "heads of 2B": shape(1024, 768, 8, 2),
}
IDS = np.random.default_rng(0).integers(0, 300, 30)
BLOCK = POSITIONS


@pytest.fixture(scope="module", params=SHAPES)
def network(request):
    return synthesize(SHAPES[request.param], seed=3)


def decoded(network, filled, count, product):
    """Logits and cache of `count` tokens, one by one, behind `filled` random positions."""
    cache = network.empty_cache(filled + count)
    random = np.random.default_rng(filled)
    cache.keys[:, :, :filled] = random.standard_normal(cache.keys[:, :, :filled].shape)
    cache.values[:, :, :filled] = random.standard_normal(cache.values[:, :, :filled].shape)
    cache.length = filled
    rows = [network.forward(IDS[i : i + 1], cache, product) for i in range(count)]
    assert cache.length == filled + count
    assert cache.passes == count
    return np.concatenate(rows).tobytes(), cache.keys.tobytes(), cache.values.tobytes()


@pytest.mark.parametrize("parallel_from", [0, 1 << 60])
@pytest.mark.parametrize("filled", [0, 31, BLOCK - 2, 2 * BLOCK])
def test_one_token_is_the_plain_walk_bit_for_bit(network, filled, parallel_from, monkeypatch):
    count = 5 if filled else 20
    monkeypatch.setattr(threads, "PARALLEL_FROM", parallel_from)
    assert decoded(network, filled, count, None) == decoded(network, filled, count, exact_product)


def test_tokens_are_decoded_in_the_one_kernel(network, monkeypatch):
    walked = []
    whole = one_token.walk

    def counted(*arguments):
        walked.append(whole(*arguments))
        return walked[-1]

    monkeypatch.setattr(one_token, "walk", counted)
    cache = network.empty_cache(9)
    for ids in (IDS[:3], IDS[3:4], IDS[4:5]):
        network.forward(ids, cache)
    network.forward(IDS[5:6], cache, exact_product)
    network.forward(IDS[6:7], cache, observer=lambda *seen: None)
    assert walked == [True, True]


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1]])
def test_members_that_come_one_after_another_give_the_same_bits(network, order):
    # As when one thread runs a whole team: the first does everything, and later ones, which find
    # the buffers of the end, must write nothing.
    spec = network.spec
    cache = network.empty_cache(3)
    hidden = network.embedding.rows(IDS[:1])
    expected_cache = network.empty_cache(3)
    expected = hidden.copy()
    addresses = Addresses.of(network.spec, network.layers)
    assert one_token.walk(network.spec, addresses, expected[0], expected_cache)
    cos, sin = rope_table(spec, 0, 1)
    qkv, weights, mixed, gated = (
        np.full(size, np.nan, np.float32)
        for size in (
            *(spec.hidden_size + 2 * spec.kv_size, spec.heads),
            *(spec.hidden_size, spec.intermediate_size),
        )
    )
    token = Token(
        tickets(spec.layers * STEPS, len(order)),
        *(0, np.float32(spec.rms_norm_eps), cos, sin, cache.keys, cache.values),
        *(hidden[0], qkv, weights, mixed, gated, np.zeros(1, np.int64)),
    )
    places = Places(addresses.matrices, addresses.scales, addresses.gains)
    for member in order:
        one_token._member(member, places, token)
    assert not token.faults[0]
    assert hidden.tobytes() == expected.tobytes()
    assert cache.keys.tobytes() == expected_cache.keys.tobytes()
    assert cache.values.tobytes() == expected_cache.values.tobytes()


@pytest.mark.parametrize("parallel_from", [0, 1 << 60])
def test_what_is_not_finite_is_refused_as_in_the_plain_walk(network, parallel_from, monkeypatch):
    monkeypatch.setattr(threads, "PARALLEL_FROM", parallel_from)
    gains = np.full(network.spec.hidden_size, 3e38, np.float32)
    last = dataclasses.replace(network.layers[1], ffn_input_norm=gains)
    broken = dataclasses.replace(network, layers=(network.layers[0], last))
    said = []
    for product in (None, exact_product):
        with pytest.raises(BitsimError, match=r"the input of layers\.1\.") as raised:
            broken.forward(IDS[:1], broken.empty_cache(1), product)
        said.append(str(raised.value))
    assert said[0] == said[1]


@numba.njit(parallel=True)
def count_parts(counts, steps, parts, seen, early):
    for member in numba.prange(counts.shape[1] - 1):
        for step in range(steps):
            while True:
                part = take(counts, step, member, parts)
                if part < 0:
                    break
                if step and seen[step - 1].min() < 1:
                    early[member] = 1  # something of the step before was not done
                seen[step, part] += 1
                done(counts, step)
            wait(counts, step, parts)


@pytest.mark.parametrize("team", [1, 2, 5])
@pytest.mark.parametrize("parts", [1, 2, 7, 64])
def test_each_part_is_taken_once_and_after_the_step_before(team, parts):
    steps = 200
    seen, early = np.zeros((steps, parts), np.int64), np.zeros(team, np.int64)
    count_parts(tickets(steps, team), steps, parts, seen, early)
    assert seen.tolist() == [[1] * parts] * steps
    assert not early.any()


def test_a_member_takes_its_own_share_first_and_then_of_the_others():
    counts = tickets(1, 3)
    assert [take(counts, 0, 1, 7) for _ in range(3)] == [3, 4, 5]
    assert take(counts, 0, 2, 7) == 6
    assert [take(counts, 0, 1, 7) for _ in range(4)] == [0, 1, 2, -1]


@pytest.mark.parametrize("team", [1, 3])
def test_a_step_is_finished_when_its_last_part_is_done_and_not_when_it_is_taken(team):
    counts = tickets(2, team)
    for part in range(4):
        assert take(counts, 1, 0, 4) == part
    assert take(counts, 1, team - 1, 4) == -1
    for _ in range(4):
        assert not finished(counts, 1, 4)
        done(counts, 1)
    assert finished(counts, 1, 4)
    assert not finished(counts, 0, 4)

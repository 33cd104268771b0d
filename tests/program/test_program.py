"""Counts of the work beside the array, against sums made by hand for the 2B model."""

from __future__ import annotations

import pytest

from bitsim.errors import BitsimError
from bitsim.program import work
from bitsim.program.program import Pass, PhaseStep, WorkStep, phases, program
from bitsim.spec import catalog

NETWORK = catalog.load_network_spec("bitnet-b1.58-2b-4t")
ACCELERATOR = catalog.load_accelerator("dot_16x40")


def test_a_pass_has_all_ternary_products_of_the_model():
    assert sum(phase.products for phase in phases(NETWORK, 1)) == 2_084_044_800
    steps = list(program(ACCELERATOR, NETWORK, Pass(1, 512)))
    assert [s.phase.name for s in steps if isinstance(s, PhaseStep)] == [
        phase.name for phase in phases(NETWORK, 1)
    ]


def test_the_steps_of_a_layer_come_in_order():
    steps = list(program(ACCELERATOR, NETWORK, Pass(1, 512)))
    names = [s.name if isinstance(s, WorkStep) else s.phase.name for s in steps]
    assert names[0] == "embedding"
    assert names[1:20] == [
        f"layers.0.{name}"
        for name in (
            "input_norm", "input_quantize", "qkv", "rope", "attention",
            "attention_norm", "attention_quantize", "o", "attention_residual",
            "ffn_input_norm", "ffn_input_quantize", "gate_up", "activation",
            "ffn_norm", "ffn_quantize", "down", "ffn_residual",
        )
    ] + ["layers.1.input_norm", "layers.1.input_quantize"]  # fmt: skip
    assert names[-2:] == ["final_norm", "head"]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("context", [0, 511, 1023, 4095])
def test_attention_multiplies_5120_times_for_each_token_seen(context):
    """QK and PV: 2 x 20 heads x 128, facts of the published dimensions."""
    seen = context + 1
    counts = work.attention(NETWORK, sequences=1, tokens=1, context=context)
    softmax = 20 * seen * (1 + work.EXPONENTIAL.multiplies)
    outputs = 20 * (128 + work.RECIPROCAL.multiplies)
    assert counts.multiplies - softmax - outputs == 5120 * seen
    q_and_output_bytes = 2560 * 2
    assert counts.read_bytes == seen * 2 * 5 * 128 * 2 + q_and_output_bytes
    assert counts.written_bytes == q_and_output_bytes


def test_reading_the_whole_cache_takes_76800_bytes_a_token():
    near = work.attention(NETWORK, 1, 1, 1000).read_bytes
    far = work.attention(NETWORK, 1, 1, 1001).read_bytes
    assert NETWORK.layers * (far - near) == 76_800


def test_prefill_attends_causally():
    """m (m + 1) / 2 pairs: the sum of m decode steps, but for keys read once for 64 queries."""
    together = work.attention(NETWORK, 1, 64, 0)
    apart = [work.attention(NETWORK, 1, 1, position) for position in range(64)]
    assert together.multiplies == sum(each.multiplies for each in apart)
    assert together.adds == sum(each.adds for each in apart)
    kv_bytes = 2 * NETWORK.kv_size * 2
    assert together.read_bytes == 64 * kv_bytes + 64 * 2560 * 2
    longer = work.attention(NETWORK, 1, 65, 0)  # a second block of queries reads again
    assert longer.read_bytes == (64 + 65) * kv_bytes + 65 * 2560 * 2


def test_sequences_of_a_batch_share_weights_and_head_but_not_their_caches():
    one, four = (work.attention(NETWORK, n, 1, 99) for n in (1, 4))
    assert four.read_bytes == 4 * one.read_bytes
    assert four.multiplies == 4 * one.multiplies
    single, batch = (work.head(NETWORK, n) for n in (1, 4))
    assert single.read_bytes - 2560 * 2 == 656_670_720
    assert batch.read_bytes - single.read_bytes == 3 * 2560 * 2
    assert single.multiplies == 328_335_360


@pytest.mark.parametrize("m", [1, 7])
def test_sums_are_read_with_the_scale_of_each_token_and_of_each_matrix(m):
    """4 bytes a sum, 4 a token, and 4 for each stacked matrix: q, k, v; o or down; gate, up."""
    q, kv, hidden, ffn = 2560, 640, 2560, 6912
    table = m * 128 * 4  # of RoPE: head_dim angles of a position, f32
    assert work.rope(NETWORK, m).read_bytes == m * ((q + 2 * kv) * 4 + 4) + 3 * 4 + table
    assert work.residual(NETWORK, m).read_bytes == m * (hidden * 4 + 4) + 4 + m * hidden * 2
    assert work.activation(NETWORK, m).read_bytes == m * (2 * ffn * 4 + 4) + 2 * 4


def test_prefill_has_one_head_row_for_the_last_token():
    steps = list(program(ACCELERATOR, NETWORK, Pass(300, 0)))
    assert isinstance(steps[-1], WorkStep)
    assert steps[-1].counts == work.head(NETWORK, 1)


def test_the_unit_writes_what_the_array_reads():
    for step in program(ACCELERATOR, NETWORK, Pass(3, 0)):
        if isinstance(step, WorkStep) and step.name == "layers.0.ffn_quantize":
            beats = 173 * 3  # ceil(6912 / 40), three tokens
            assert step.counts.written_bytes == beats * 40 + 3 * 4
            return
    pytest.fail("no such step")


@pytest.mark.parametrize(
    ("this", "message"),
    [
        (Pass(1, 4096), "context = 4096 and 1 more tokens"),
        (Pass(4097, 0), "takes max_context = 4096"),
        (Pass(3, 0, sequences=2), "same number of tokens"),
        (Pass(0, 0), "1 or more"),
    ],
)
def test_a_pass_that_has_no_place_is_refused(this, message):
    with pytest.raises(BitsimError, match=message):
        this.check(NETWORK)


def test_the_last_place_of_the_context_can_be_used():
    Pass(1, 4095).check(NETWORK)
    Pass(4096, 0).check(NETWORK)

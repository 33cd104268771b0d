"""The blocks of the accelerator, proved: `rtl/formal`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

FORMAL = Path(__file__).resolve().parents[2] / "rtl" / "formal"
sys.path.insert(0, str(FORMAL))

from blocks import PROOFS  # noqa: E402
from proof import Proof  # noqa: E402
from prove import prove  # noqa: E402

from bitsim.gateware.emit.verilog import emit_part  # noqa: E402


def each(full: bool) -> pytest.MarkDecorator:
    chosen = [proof for proof in PROOFS if proof.full == full]
    names = [f"{proof.block}, {proof.size}" for proof in chosen]
    return pytest.mark.parametrize("proof", chosen, ids=names)


@each(full=False)
def test_every_property_is_proved_and_every_cover_reached(proof: Proof) -> None:
    verdict = prove(proof)
    assert verdict.failures == ()
    assert verdict.properties > 0


@pytest.mark.full
@each(full=True)
def test_every_slow_property_is_proved_and_every_cover_reached(proof: Proof) -> None:
    verdict = prove(proof)
    assert verdict.failures == ()
    assert verdict.properties > 0


# Of each block: its size, a part of its Verilog that is there once, and the same part broken.
BROKEN = {
    "decoder": ("2bit", "! packed_byte[1:0]", "! packed_byte[2:1]"),
    "lane": ("2bit", "$signed({ 1'h0, codes[1] })", "$signed({ 1'h0, codes[0] })"),
    "weight_queue": ("2 places", "beats__ready = held != 2'h2", "beats__ready = held != 2'h3"),
    "sequencer": ("hold 3, 2 results", "last_tile ? 17'h00000", "last_beat ? 17'h00000"),
    "lane_adder": ("ECP5, 9 bits", ".INIT0(16'h00aa)", ".INIT0(16'h00ff)"),
    "lane_pair": ("Xilinx", ".CYINIT(carry)", ".CYINIT(negative_1)"),
}
BROKEN_FULL = {
    "tree": ("8 lanes", "$signed({ 1'h0, carries[0] })", "$signed({ 1'h0, carries[1] })"),
    "accumulator": (
        "2 lanes, hold 1, max_k 5, 11 bits", "slice0_base = replace", "slice0_base = finish"
    ),
    "activation_ring": ("3 places", "available = ahead < held", "available = ahead <= held"),
    "queue": ("3 places", "leave__valid = | level", "leave__valid = 1'h1"),
    "array": ("2 columns, 2 lanes, hold 2", "pending == 2'h2", "pending == 2'h3"),
    "word_fifo": ("3 words", "inner_level + leave__valid", "inner_level + 1'h0"),
    "gearbox": ("3 words", "pop = beats__valid & beats__ready", "pop = beats__valid"),
    "result_cutter": ("3 sums of 9 bits, 64-bit words", "rest - 1'h1", "rest - 1'h0"),
    "read_master": ("bursts of 3, 2 outstanding", "<= 3'h4", "<= 3'h5"),
    "write_master": ("bursts of 3, 2 outstanding", "ready >= ", "2'h3 >= "),
    "digit_combiner": ("3 digits, hold 3, 1 words a beat", "tile_ends ? last : first", "last"),
    "sum_search": ("magnitudes of 2 bits", "less = { level2_sum", "less = { level1_sum"),
    "result_stage": ("codes of 2 beats of a sum of 9 bits", "8'h20", "8'h1f"),
    "list_reader": ("2 entries", "left - 1'h1", "left - 1'h0"),
}  # fmt: skip


def verdict_of_broken(block: str, size: str, part: str, broken: str) -> tuple[str, ...]:
    (proof,) = (proof for proof in PROOFS if (proof.block, proof.size) == (block, size))
    verilog = emit_part(block, proof.make())
    assert verilog.count(part) == 1, verilog.count(part)
    return prove(proof, verilog.replace(part, broken)).failures


@pytest.mark.parametrize("block", BROKEN)
def test_a_broken_block_is_found(block: str) -> None:
    assert verdict_of_broken(block, *BROKEN[block])


@pytest.mark.full
@pytest.mark.parametrize("block", BROKEN_FULL)
def test_a_broken_block_of_the_slow_ones_is_found(block: str) -> None:
    assert verdict_of_broken(block, *BROKEN_FULL[block])


def test_every_block_is_broken_once() -> None:
    assert {proof.block for proof in PROOFS} == {*BROKEN, *BROKEN_FULL}

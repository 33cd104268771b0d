"""Mutants of the gateware are killed by the cases that compare it with the array simulation."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cases.arrays import HELD
from tests.mutation.campaign import MUTANTS, campaign, make_bench, unexplained
from tests.mutation.mutants import modules, mutants_of, with_mutants

BUILD = Path(__file__).resolve().parents[2] / "build" / "rtl"

TEXT = """module m(a, b, q, clk, rst);
  input [3:0] a;
  wire [3:0] a;
  output [3:0] q;
  reg [3:0] q = 4'h0;
  reg [3:0] q_next ;
  wire [4:0] _1_ ;
  wire unread;
  assign _1_  = a - 4'h3;
  assign unread = a[0];
  always @* begin
    q_next  = q;
    if (b) begin
      q_next  = _1_ [3:0];
    end
    if (rst) begin
      q_next  = 4'h0;
    end
  end
endmodule
"""


def test_a_line_has_every_kind_of_mutant_and_what_nobody_reads_has_none() -> None:
    found = [str(mutant) for mutant in mutants_of("m", modules(TEXT)["m"])]
    for wanted in (
        "m: bit 0 inverted: assign _1_  = a - 4'h3;  ->  assign _1_ = 4'h1 ^ ( a - 4'h3 ) ;",
        "m: bit 3 stuck at 1: assign _1_  = a - 4'h3;  ->  assign _1_ = 4'h8 | ( a - 4'h3 ) ;",
        "m: bit 3 stuck at 0: assign _1_  = a - 4'h3;  ->  assign _1_ = 4'h7 & ( a - 4'h3 ) ;",
        "m: constant one more: assign _1_  = a - 4'h3;  ->  assign _1_ = a - 4'h4 ;",
        "m: operands swapped: assign _1_  = a - 4'h3;  ->  assign _1_ = 4'h3 - a  ;",
        "m: another operator: assign _1_  = a - 4'h3;  ->  assign _1_ = a + 4'h3 ;",
        "m: missing enable: if (b) begin  ->  if (1'b1) begin (q)",
        "m: missing reset: if (rst) begin  ->  if (1'b0) begin (q in reset)",
        "m: constant one less: q_next  = 4'h0;  ->  q_next  = 4'hf; (q in reset)",
    ):
        assert wanted in found, "\n".join(found)
    assert not any("unread" in mutant for mutant in found)


def test_a_mutant_is_on_by_its_number_and_the_text_is_its_own_otherwise() -> None:
    lines = modules(TEXT)["m"]
    mutant = next(each for each in mutants_of("m", lines) if each.kind == "missing enable")
    text = with_mutants(lines, [(7, mutant)], machine=2)
    (changed,) = set(text) - set(lines)
    assert changed.strip() == "if (((mutation_pkg::active[2] == 7) ? (|( 1'b1 )) : (|( b )))) begin"


def test_a_sample_of_mutants_is_killed_or_explained() -> None:
    BUILD.mkdir(parents=True, exist_ok=True)
    bench = make_bench(HELD, most_cases=4)
    fates = campaign(bench, 24, BUILD)
    assert len(fates) == 24
    assert sum(bool(fate.killed_by) for fate in fates) >= 18
    assert unexplained(bench, fates) == []


@pytest.mark.full
def test_every_mutant_is_killed_or_explained() -> None:
    BUILD.mkdir(parents=True, exist_ok=True)
    bench = make_bench()
    fates = campaign(bench, MUTANTS, BUILD)
    assert len(fates) == MUTANTS >= 200
    assert sum(bool(fate.killed_by) for fate in fates) >= 0.8 * MUTANTS
    assert unexplained(bench, fates) == []

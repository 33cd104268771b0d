"""Counts that the pages give are those of the tests, and shares those of the simulation."""

from __future__ import annotations

import re
from pathlib import Path

import bitsim
from tests.bad_input.corpus import counts
from tests.cases.arrays import named_cases
from tests.rtl import test_machines_agree, test_tops_agree

ROOT = Path(__file__).resolve().parents[2]
MEASURED = (ROOT / "docs" / "measured.md").read_text()
DESCRIPTIONS = ("accelerator", "board", "network", "sweep", "technology")


def row(begins: str) -> list[str]:
    """The cells of the one row of measured.md whose first begins so."""
    (found,) = re.findall(rf"^\| ({re.escape(begins)}.*) \|$", MEASURED, re.M)
    return [cell.strip() for cell in found.split(" | ")]


def test_bad_files_are_as_many_as_are_tested():
    have = counts()
    kinds = {
        "GGUF": have["GGUF"],
        "safetensors": have["safetensors"],
        "shards and their index": have["shards"],
        "checkpoint folder": have["checkpoint"],
        "tokenizer.json": have["tokenizer"],
        "descriptions (TOML)": sum(have[kind] for kind in DESCRIPTIONS),
        "traces": have["trace"],
    }
    bad_input = MEASURED[MEASURED.index("## Bad input") : MEASURED.index("| reader |")]
    assert {
        kind: int(re.search(rf"^\| {re.escape(kind)} \| (\d+) \|", bad_input, re.M)[1])
        for kind in kinds
    } == kinds
    models = ("GGUF", "safetensors", "shards", "checkpoint", "tokenizer")
    assert 490 < sum(have[kind] for kind in models) < 500  # "nearly 500" in the changelog


def test_machines_compared_in_every_run_are_as_many_as_stand_there():
    random, named = test_machines_agree.RANDOM_CASES, len(named_cases())
    assert row("random machines and worst cases")[1] == f"{random} + {named}, 0 differences"
    random, named = test_tops_agree.RANDOM_CASES, len(test_tops_agree.NAMED)
    assert row("random and worst accelerators")[1] == f"{random} + {named}, 0 differences"


def test_the_units_have_the_share_of_a_token_that_the_readme_says():
    found = bitsim.simulate("dot_16x40", "bitnet-b1.58-2b-4t", stage="decode", context=512)
    (said,) = re.findall(r"the units have (\d+) % of the cycles", (ROOT / "README.md").read_text())
    assert round(100 * found.stall_cycles["units"] / found.cycles) == int(said)


def test_what_was_never_tried_stands_before_the_first_command():
    text = (ROOT / "README.md").read_text()
    first = text[: text.index("## Two commands")]
    for never in ("No published 2B checkpoint", "No board was at hand", "Vivado was never run"):
        assert never in " ".join(first.split())

"""Sweeps: what varies, in which order, and what is refused."""

from __future__ import annotations

import pytest

from bitsim.errors import BitsimError
from bitsim.spec import base, catalog
from bitsim.spec.sweep import SweepSpec
from bitsim.sweeps import load_sweep

TEXT = """
name = "small"
accelerator = "dot_16x40"
network = "bitnet-b1.58-2b-4t"
[grid]
"array.columns" = [8, 16]
"memory.peak_gb_per_s" = [10.0, 20, 30.5]
[[together]]
"array.lanes" = [20, 40]
"array.tree_stages" = [1, 2]
"""


def test_the_last_axis_varies_fastest(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(TEXT)
    spec = base.load(SweepSpec, path)
    assert spec.count == 12
    assert spec.settings(0) == {
        "array.columns": 8, "memory.peak_gb_per_s": 10.0, "array.lanes": 20,
        "array.tree_stages": 1,
    }  # fmt: skip
    assert [spec.settings(i)["array.lanes"] for i in range(4)] == [20, 40, 20, 40]
    assert [spec.settings(i)["array.tree_stages"] for i in range(4)] == [1, 2, 1, 2]
    assert spec.settings(11)["memory.peak_gb_per_s"] == 30.5
    seen = {tuple(spec.settings(i).items()) for i in range(spec.count)}
    assert len(seen) == 12


def test_a_design_is_the_base_with_its_settings(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(TEXT)
    sweep = load_sweep(str(path))
    design, default = sweep.design(11), catalog.load_accelerator("dot_16x40")
    assert (design.array.columns, design.array.lanes, design.array.tree_stages) == (16, 40, 2)
    assert design.memory.peak_gb_per_s == 30.5
    assert design.dma == default.dma
    assert design.name == "dot_16x40_11"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"array.lanes"', '"array.lnaes"', "no such field to vary; did you mean 'array.lanes'?"),
        ('"array.columns"', '"arry.columns"', "did you mean 'array'?"),
        ('"array.columns"', '"array"', "array: a table; name a field in it"),
        ('"array.columns"', '"name"', "name: the accelerator has no such field to vary"),
        ('"array.columns"', '"array.columns.x"', "array.columns.x: the accelerator has no such"),
        ("[20, 40]", "[20, 40, 80]", "lists of different length"),
        ("[8, 16]", "[]", "array.columns"),
        ('"array.tree_stages"', '"array.columns"', "array.columns: varied twice"),
        ("[8, 16]", str(list(range(1, 30_000))), "designs; at most 100000"),
        ('name = "small"', 'name = "small"\nbatch = 0', "batch = 0"),
        ('name = "small"', 'name = "a b"', "name = 'a b'"),
    ],
)  # fmt: skip
def test_a_faulty_sweep_is_refused_by_field(tmp_path, old, new, message):
    path = tmp_path / "bad.toml"
    assert old in TEXT
    path.write_text(TEXT.replace(old, new))
    with pytest.raises(BitsimError) as caught:
        load_sweep(str(path))
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_sweep_in_which_nothing_varies_is_refused(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text(TEXT[: TEXT.index("[grid]")])
    with pytest.raises(BitsimError, match="nothing varies; add"):
        load_sweep(str(path))


def test_every_sweep_of_models_loads_and_every_design_of_it_is_sound():
    for name in catalog.names("sweeps"):
        sweep = load_sweep(name)
        assert sweep.name == name
        for index in range(sweep.spec.count):
            sweep.design(index)

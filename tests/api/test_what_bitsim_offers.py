"""`import bitsim` shows what there is, takes no time, and gives type checkers the same names."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import bitsim

NAMES = [
    "BitsimError", "check", "emit", "explore",
    "list_accelerators", "list_boards", "list_checkpoints", "list_networks", "list_sweeps",
    "list_technologies",
    "load_accelerator", "load_board", "load_checkpoint_source", "load_network",
    "load_network_spec", "load_sweep", "load_technology", "load_trace",
    "record", "run", "simulate", "simulate_trace",
]  # fmt: skip


def test_dir_shows_what_there_is_and_each_can_be_called():
    assert dir(bitsim) == bitsim.__all__ == NAMES
    for name in NAMES:
        assert callable(getattr(bitsim, name)), name
        assert getattr(bitsim, name).__doc__, name


def test_type_checkers_see_each_name_from_where_it_is_imported():
    tree = ast.parse(Path(bitsim.__file__).read_text())
    [typed] = [
        node
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    seen = {alias.asname: node.module for node in typed.body for alias in node.names}
    assert seen == bitsim._HOMES
    assert (Path(bitsim.__file__).parent / "py.typed").exists()


def test_importing_bitsim_imports_nothing_that_takes_time():
    program = (
        "import sys, bitsim; dir(bitsim); heavy = {'numpy', 'numba', 'pydantic', 'amaranth', "
        "'pandas'}; print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'simulte'"):
        _ = bitsim.simulte


def test_lists_name_what_load_takes():
    assert "dot_16x40" in bitsim.list_accelerators()
    assert "addition" in bitsim.list_networks()
    assert "7nm" in bitsim.list_technologies()
    assert "decode_2b" in bitsim.list_sweeps()
    assert [bitsim.load_board(name).name for name in bitsim.list_boards()] == [
        "ice40_hx8k_evn", "tang_nano_9k", "ulx3s_85f",
    ]  # fmt: skip
    repos = [bitsim.load_checkpoint_source(name).repo for name in bitsim.list_checkpoints()]
    assert "microsoft/bitnet-b1.58-2B-4T" in repos

"""The notebooks run, and say what is printed in them."""

import pytest

from tests.docs.notebooks import NOTEBOOKS, executed, read, texts


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_run_again_says_what_is_in_it(path, tmp_path):
    kept = texts(read(path))
    assert all(cell for cell in kept[1:]), "if it has no output: python tests/docs/notebooks.py"
    said = texts(executed(path, tmp_path))
    assert said == kept, "if meant: python tests/docs/notebooks.py"


def test_there_are_notebooks():
    assert [path.stem for path in NOTEBOOKS] == ["cycles_by_layer", "toml_to_verilog"]

"""Did anything change that a user can see?"""

import importlib.util
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent


def outputs():
    spec = importlib.util.spec_from_file_location("outputs", FOLDER / "outputs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", outputs().OUTPUTS)
def test_what_a_command_says_is_unchanged(name, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)  # of the terminal that runs the tests
    module = outputs()
    said = module.output_of(module.OUTPUTS[name])
    assert said == (FOLDER / name).read_text(), "if meant: python tests/golden/update.py"

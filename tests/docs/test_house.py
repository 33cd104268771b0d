"""The page "The house": its picture, its rooms, its recipes."""

import dataclasses
import re
import runpy
from pathlib import Path

import pytest

from bitsim.spec.array.registry import Dataflow
from bitsim.spec.memory.registry import MemoryKind

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "house.md").read_text()
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S))


def rooms():
    package = ROOT / "bitsim"
    return {path.name for path in package.iterdir() if (path / "__init__.py").is_file()}


def test_the_picture_is_what_its_script_draws():
    script = runpy.run_path(str(ROOT / "docs" / "house" / "make.py"))
    assert (ROOT / "docs" / "house" / "house.svg").read_text() == script["picture"]()
    assert {room for floor in script["floors"]() for room in floor} == rooms()


def test_every_room_has_its_line():
    assert set(re.findall(r"^\| `bitsim/(\w+)` \|", PAGE, re.M)) == rooms()


def test_ten_files_are_named():
    assert len(re.findall(r"^\d+\. `", SECTIONS["Ten files to read"], re.M)) == 10


def test_every_file_that_the_page_names_is_there():
    named = re.findall(r"`((?:bitsim|models|rtl|tests|docs)/[\w./]*)`", PAGE)
    assert len(named) > 40
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize(
    ("section", "entry"), [("Add a dataflow", Dataflow), ("Add a memory", MemoryKind)]
)
def test_a_recipe_names_every_field_of_the_entry(section, entry):
    named = set(re.findall(r"`(\w+)`", SECTIONS[section]))
    assert {field.name for field in dataclasses.fields(entry)} <= named


def test_there_is_a_recipe_for_a_technology_and_for_a_board():
    assert {"Add a technology", "Add a board"} <= set(SECTIONS)

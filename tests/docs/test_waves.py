"""The timing diagrams are what the gateware does today."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]
WAVES = ROOT / "docs" / "waves"
NAMES = sorted(path.name for path in WAVES.glob("*.svg"))
PAGES = [*(ROOT / "docs").glob("*.md"), ROOT / "rtl" / "README.md"]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("waves")
    make = [sys.executable, WAVES / "make.py", folder]
    done = subprocess.run(make, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_diagram_is_there_and_no_other(drawn):
    assert sorted(path.name for path in drawn.iterdir()) == NAMES
    assert len(NAMES) == 5


@pytest.mark.parametrize("name", NAMES)
def test_a_diagram_is_what_is_simulated_now(drawn, name):
    assert (drawn / name).read_text() == (WAVES / name).read_text(), (
        "if meant: python docs/waves/make.py, and look at the picture"
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_diagram_is_well_formed_labelled_and_shown_on_a_page_of_both(name):
    root = ElementTree.parse(WAVES / name).getroot()
    assert root.get("aria-label")
    assert float(root.get("width")) < 1700
    for folder in ("docs", "rtl"):
        assert any(f"waves/{name})" in p.read_text() for p in PAGES if p.parent.name == folder)

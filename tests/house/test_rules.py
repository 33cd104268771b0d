"""Rules of the house that no linter knows."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LARGEST_BYTES = 700_000  # the packed network is the largest file
LONGEST_MODULE = 350


def tracked():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    assert listed.returncode == 0, listed.stderr
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def test_one_file_one_idea():
    lengths = {p: len(p.read_text().splitlines()) for p in tracked() if p.suffix == ".py"}
    assert {str(path): n for path, n in lengths.items() if n > LONGEST_MODULE} == {}


def test_no_large_file_is_tracked():
    large = [path for path in tracked() if path.stat().st_size > LARGEST_BYTES]
    assert large == []


def test_locks_name_no_address_and_pin_every_hash():
    for name in ("requirements.lock", "requirements-test.lock"):
        text = (ROOT / name).read_text()
        assert not re.search(r"://|^-|file:", text, re.M), name
        pinned = re.findall(r"^[a-z0-9._-]+(?:\[[a-z,]+\])?==", text, re.M | re.I)
        assert len(pinned) > 30
        assert text.count("--hash=sha256:") > len(pinned)


def test_every_figure_of_a_technology_says_where_it_is_from():
    from bitsim.spec import catalog

    for name in catalog.names("technologies"):
        technology = catalog.load_technology(name)
        assert technology.note
        for figure in (*technology.figures.values(), *technology.dram_pj_per_bit.values()):
            assert len(figure.source.split()) >= 3

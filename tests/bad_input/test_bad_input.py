"""Every bad file gets one clear line for each fault, exit status 2, and does no harm."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import pytest

from bitsim.cli import main
from bitsim.reference.load import load_network
from bitsim.trace import open_trace
from tests.bad_input.bad_file import BadFile
from tests.bad_input.checkpoint_files import good_folder
from tests.bad_input.corpus import corpus
from tests.bad_input.trace_files import good_trace

CORPUS = corpus()
MOST_LINES = 52  # of one file: 50 faults, and that there are more
MOST_LINE = 1200
HUNGRY = (  # small files that claim much, and large ones that hold nothing
    "header of 2^64 - 1",
    "header of 4 MB and a byte",
    "shape 2^40",
    "shape overflows",
    "nested keys",
    "lanes = 40 becomes lanes = 1_000_000_000",
    "hidden_size = 2560 becomes hidden_size = 1_000_000_000",
    "number of 5000 digits",
    "too large",
    "network a device",
)


@pytest.fixture(scope="session", autouse=True)
def _imported() -> None:
    """What a command imports is not what a bad file costs."""
    for argv in (["simulate", "--network", "-"], ["explore", "-"], ["trace", "info", "-"]):
        assert main(argv) == 2
    assert main(["logits", "--network", "-", "--ids", "1", "--out", "-"]) == 2


def tree(folder: Path) -> dict[str, bytes]:
    """Everything below a folder."""
    return {str(path): b"" if path.is_dir() else path.read_bytes() for path in folder.rglob("*")}


def test_the_corpus_has_hundreds_of_different_entries():
    assert len(CORPUS) >= 300
    assert len({(bad.kind, bad.name) for bad in CORPUS}) == len(CORPUS)
    kinds = {bad.kind for bad in CORPUS}
    assert kinds == {
        "accelerator",
        "technology",
        "network",
        "sweep",
        "config",
        "safetensors",
        "tokenizer",
        "checkpoint",
        "trace",
        "name",
    }


def test_what_the_faults_were_put_into_is_sound(tmp_path):
    BadFile("", "", good_folder(), "", (), "").write(tmp_path / "checkpoint")
    BadFile("", "", good_trace(), "", (), "").write(tmp_path / "trace")
    assert load_network(str(tmp_path / "checkpoint")).tokenizer.encode("a") == [0]
    assert open_trace(tmp_path / "trace").info()["events"] == 1


@pytest.mark.parametrize("bad", CORPUS, ids=lambda bad: f"{bad.kind}: {bad.name:.60}")
def test_bad_input_is_refused(tmp_path, capsys, monkeypatch, bad):
    here, out = tmp_path / "here", tmp_path / "out"
    bad.write(here)
    monkeypatch.chdir(tmp_path)
    before = tree(tmp_path)
    hungry = bad.name in HUNGRY
    if hungry:
        tracemalloc.start()
    started = time.process_time()
    status = main(bad.command(here, out))
    took_s = time.process_time() - started
    if hungry:
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak_bytes < 64 << 20
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert status == 2
    assert captured.out == ""
    assert 1 <= len(lines) <= MOST_LINES
    assert all(line.startswith("bitsim") and len(line) < MOST_LINE for line in lines)
    assert all(line.isprintable() for line in lines)
    assert all(bad.blamed in line for line in lines)
    assert any(bad.says in line for line in lines), lines
    assert "Traceback" not in captured.err
    assert tree(tmp_path) == before
    assert took_s < 2

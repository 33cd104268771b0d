"""Sweeps on record: killed, resumed, by any number of workers, the same."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bitsim.errors import BitsimError
from bitsim.sweeps import load_sweep, run_sweep
from bitsim.sweeps.evaluate import Refusal, evaluate
from bitsim.sweeps.store import open_store
from bitsim.system import simulate

NETWORK = """
name = "tiny"
hidden_size = 64
intermediate_size = 160
layers = 2
heads = 2
kv_heads = 1
vocab_size = 90
max_context = 64
rms_norm_eps = 1e-5
rope_theta = 10000.0
tied_head = true
bos_id = 0
eos_ids = [1]
[statistics]
zero_weight_fraction = 0.4
zero_ffn_fraction = 0.5
source = "made up for a test"
"""
SWEEP = """
name = "tiny_sweep"
accelerator = "dot_16x40"
network = "{folder}/tiny.toml"
context = 9
[grid]
"array.columns" = [4, 16]
"array.max_k" = [100, 8190]
"memory.peak_gb_per_s" = [1.0, 25.6]
"array.tree_stages" = [2, 7]
"""


@pytest.fixture
def sweep(tmp_path):
    (tmp_path / "tiny.toml").write_text(NETWORK)
    path = tmp_path / "sweep.toml"
    path.write_text(SWEEP.format(folder=tmp_path))
    return load_sweep(str(path))


def content(path: Path) -> list[str]:
    with sqlite3.connect(path) as connection:
        return list(connection.iterdump())


def test_every_design_is_evaluated_or_refused_with_its_reason(sweep, tmp_path):
    result = run_sweep(sweep, 1, tmp_path / "one.sqlite")
    assert len(result.evaluations) == 4
    assert len(result.refusals) == 12
    for refused in result.refusals:
        settings = refused.settings
        expected = (
            "tree_stages = 7 is more than the 6 levels"
            if settings["array.tree_stages"] == 7
            else "k = 160 is above the array's max_k = 100"
        )
        assert expected in refused.reason
    assert result.pareto


def test_a_design_of_a_sweep_is_what_simulate_says(sweep, tmp_path):
    result = run_sweep(sweep, 1, tmp_path / "one.sqlite")
    for each in result.evaluations:
        design = sweep.design(each.index)
        alone = simulate(design, sweep.network, sweep.technology(design), context=9)
        assert each.cycles == alone.cycles
        assert each.tokens_per_s == alone.tokens_per_s
        assert each.energy_j_per_token == alone.energy_j
        assert each.total_area_mm2 == alone.area_mm2
        assert each.stall_cycles == alone.stall_cycles


def test_workers_do_not_change_a_byte(sweep, tmp_path):
    one, two = tmp_path / "one.sqlite", tmp_path / "two.sqlite"
    assert run_sweep(sweep, 1, one) == run_sweep(sweep, 2, two)
    assert one.read_bytes() == two.read_bytes()


def test_a_second_run_reads_the_record_and_evaluates_nothing(sweep, tmp_path, monkeypatch):
    path = tmp_path / "one.sqlite"
    first = run_sweep(sweep, 1, path)
    monkeypatch.setattr("bitsim.sweeps.workers.evaluate", None)  # would be called otherwise
    said: list[str] = []
    assert run_sweep(sweep, 1, path, said.append) == first
    assert said == ["tiny_sweep: 16 designs, 16 of them on record"]


def test_a_sweep_killed_at_any_moment_goes_on_where_it_was(sweep, tmp_path):
    whole, killed = tmp_path / "whole.sqlite", tmp_path / "killed.sqlite"
    expected = run_sweep(sweep, 1, whole)
    slowed = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from bitsim.sweeps import load_sweep, run_sweep, store\n"
        "add = store.Store.add\n"
        "def slow(self, outcome):\n"
        "    add(self, outcome)\n"
        "    time.sleep(0.2)\n"
        "store.Store.add = slow\n"
        "run_sweep(load_sweep(sys.argv[1]), 1, Path(sys.argv[2]))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", slowed, str(tmp_path / "sweep.toml"), str(killed)]
    ) as process:
        deadline = time.monotonic() + 120
        while rows(killed) < 3 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
    done = rows(killed)
    assert 3 <= done < 16
    said: list[str] = []
    assert run_sweep(sweep, 1, killed, said.append) == expected
    assert said[0] == f"tiny_sweep: 16 designs, {done} of them on record"
    assert content(killed) == content(whole)


def rows(path: Path) -> int:
    if not path.exists():
        return 0
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
            return int(connection.execute("SELECT count(*) FROM outcomes").fetchone()[0])
    except sqlite3.OperationalError:  # not written yet
        return 0


def evaluated(monkeypatch, sweep, path: Path) -> tuple[list[int], list[str]]:
    """Which designs a run evaluates, and what it says."""
    indices: list[int] = []
    said: list[str] = []

    def counted(sweep, index):
        indices.append(index)
        return evaluate(sweep, index)

    monkeypatch.setattr("bitsim.sweeps.workers.evaluate", counted)
    assert run_sweep(sweep, 1, path, said.append) == run_sweep(sweep, 1, path.with_suffix(".new"))
    path.with_suffix(".new").unlink()
    return indices[: len(indices) - sweep.spec.count], said


def changed(tmp_path: Path, old: str, new: str, file: str = "sweep.toml"):
    """The sweep after an edit of one of its files."""
    path = tmp_path / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    return load_sweep(str(tmp_path / "sweep.toml"))


def test_one_more_value_evaluates_the_new_designs_alone(sweep, tmp_path, monkeypatch):
    path = tmp_path / "one.sqlite"
    run_sweep(sweep, 1, path)
    other = changed(tmp_path, "[1.0, 25.6]", "[1.0, 2.5, 25.6]")
    indices, said = evaluated(monkeypatch, other, path)
    # The reason of a refused design has its number: one that has another now is refused again.
    new = {i for i in range(24) if other.spec.settings(i)["memory.peak_gb_per_s"] == 2.5}
    assert new <= set(indices)
    again = set(indices) - new
    assert said == [f"tiny_sweep: 24 designs, {24 - len(indices)} of them on record"]
    assert all(isinstance(evaluate(other, index), Refusal) for index in again)


def test_a_changed_note_evaluates_nothing(sweep, tmp_path, monkeypatch):
    path = tmp_path / "one.sqlite"
    run_sweep(sweep, 1, path)
    other = changed(tmp_path, "[grid]", 'note = "another"\n[grid]')
    assert evaluated(monkeypatch, other, path)[0] == []


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("sweep.toml", "context = 9", "context = 10"),
        ("tiny.toml", "intermediate_size = 160", "intermediate_size = 192"),
    ],
)
def test_another_pass_or_network_is_evaluated_and_the_old_rows_stay(
    sweep, tmp_path, monkeypatch, file, old, new
):
    path = tmp_path / "one.sqlite"
    run_sweep(sweep, 1, path)
    other = changed(tmp_path, old, new, file)
    assert evaluated(monkeypatch, other, path)[0] == list(range(16))
    assert rows(path) == 32
    back = changed(tmp_path, new, old, file)
    assert evaluated(monkeypatch, back, path)[0] == []


def test_other_code_evaluates_all_again_and_the_old_rows_stay(sweep, tmp_path, monkeypatch):
    path = tmp_path / "one.sqlite"
    run_sweep(sweep, 1, path)
    monkeypatch.setattr("bitsim.sweeps.store.code_digest", lambda module: f"other {module}")
    assert evaluated(monkeypatch, sweep, path)[0] == list(range(16))
    assert rows(path) == 32
    with sqlite3.connect(path) as connection:
        (current,) = connection.execute("SELECT count(design) FROM outcomes").fetchone()
    assert current == 16


@pytest.mark.parametrize(
    "edit",
    [
        "details = replace(details, '\"cycles\": ', '\"cycles\": 1')",
        "details = 'not JSON'",
        "details = NULL",
        "cycles = cycles + 1",
        "settings = '{}'",
        "refused = 'made up'",
        "checksum = ''",
    ],
)
def test_an_edited_row_is_evaluated_again(sweep, tmp_path, monkeypatch, edit):
    path = tmp_path / "one.sqlite"
    first = run_sweep(sweep, 1, path)
    index = first.evaluations[0].index
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE outcomes SET {edit} WHERE design = {index}")
    indices, said = evaluated(monkeypatch, sweep, path)
    assert indices == [index]
    assert said == [
        "tiny_sweep: 16 designs, 15 of them on record",
        "one.sqlite: rows that are not as written: 1; evaluated again",
    ]
    assert evaluated(monkeypatch, sweep, path)[0] == []


def test_two_at_once_on_one_record_both_end_with_the_same(sweep, tmp_path):
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from bitsim.sweeps import load_sweep, run_sweep\n"
        "sweep = load_sweep(sys.argv[1])\n"
        "print('ready', flush=True)\n"
        "input()\n"
        "print(run_sweep(sweep, 1, Path(sys.argv[2])))\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "sweep.toml")]
    both = [
        subprocess.Popen(
            [*command, str(tmp_path / "both.sqlite")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for each in both:
        assert each.stdout.readline() == "ready\n"
    for each in both:  # at the same time
        each.stdin.write("\n")
        each.stdin.flush()
    said = [each.communicate()[0] for each in both]
    assert [each.returncode for each in both] == [0, 0]
    assert said[0] == said[1] == f"{run_sweep(sweep, 1, tmp_path / 'alone.sqlite')}\n"
    assert content(tmp_path / "both.sqlite") == content(tmp_path / "alone.sqlite")


def test_a_record_that_another_process_writes_for_long_is_named(sweep, tmp_path, monkeypatch):
    path = tmp_path / "one.sqlite"
    run_sweep(sweep, 1, path)
    monkeypatch.setattr("bitsim.sweeps.store.BUSY_S", 0.1)
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(BitsimError, match=r"database is locked; another process is writing"):
            run_sweep(sweep, 1, path)
        other.execute("ROLLBACK")


def test_a_file_that_is_no_record_is_refused(sweep, tmp_path):
    path = tmp_path / "text.sqlite"
    path.write_text("not a database, but long enough to be looked at as if it were one" * 20)
    with pytest.raises(BitsimError, match="file is not a database"):
        run_sweep(sweep, 1, path)
    with (
        pytest.raises(BitsimError, match="unable to open"),
        open_store(tmp_path / "no" / "x", sweep),
    ):
        pass


def test_no_workers_is_refused(sweep, tmp_path):
    with pytest.raises(BitsimError, match="workers = 0"):
        run_sweep(sweep, 0, tmp_path / "x.sqlite")

"""Long tests in slices that do not grow; a record that counts while the code is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.full.deciding import deciding_digest
from tests.full.slices import Held, chosen, read_record, slices_of, state, write_record

HERE = "tests/full/test_slices.py"


def test_a_slice_ends_before_it_is_too_long_and_none_is_left_out():
    seconds = {"a::x": 5.0, "b::y": 4.0, "c::z": 20.0}
    tests = ["b::y[2]", "a::x", "b::y[1]", "c::z", "d::new"]
    found = slices_of(tests, seconds, slice_s=9.0)
    assert found == [["a::x", "b::y[1]"], ["b::y[2]"], ["c::z"], ["d::new"]]
    assert slices_of([], seconds) == []


def test_more_tests_are_more_slices_not_longer_ones():
    few, many = (slices_of([f"t::{n:03}" for n in range(count)], {}, 600.0) for count in (12, 120))
    assert (len(few), len(many)) == (3, 24)
    assert max(map(len, few)) == max(map(len, many)) == 5


def test_a_slice_is_asked_for_by_its_number_of_all():
    assert chosen([["a"], ["b"]], "2/2") == ["b"]
    for asked in ("3/2", "0/2", "1/3", "1", "x/2", ""):
        with pytest.raises(pytest.UsageError, match="there are 2 slices"):
            chosen([["a"], ["b"]], asked)


def test_what_held_counts_for_the_code_it_held_with(tmp_path: Path):
    now = deciding_digest(HERE)
    record = {
        f"{HERE}::same": Held("aaaa", now),
        f"{HERE}::old[ü]": Held("bbbb", "of other code"),
    }
    write_record(record, tmp_path / "record.toml")
    read = read_record(tmp_path / "record.toml")
    assert read == record
    tests = [f"{HERE}::never", f"{HERE}::old[ü]", f"{HERE}::same"]
    assert state([tests, tests[:1]], read) == ["1/2: 1 of 3 hold at aaaa", "2/2: 0 of 1 hold"]


def test_every_file_has_a_digest_of_what_it_imports():
    assert deciding_digest(HERE) != deciding_digest("tests/seconds.py")
    assert len(deciding_digest(HERE)) == 16


def test_the_record_names_files_that_are_there():
    root = Path(__file__).resolve().parents[2]
    assert [test for test in read_record() if not (root / test.partition("::")[0]).exists()] == []

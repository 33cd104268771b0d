"""Files of one command: all of them are there at the end, or what was there before."""

from pathlib import Path

import pytest

from bitsim.errors import BitsimError
from bitsim.files.atomic import atomic_file
from bitsim.files.together import together


def write(path, text):
    with atomic_file(path) as file:
        file.write(text.encode())


def contents(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.fixture
def before(tmp_path):
    """What an earlier command left."""
    for name in ("a", "b", "old"):
        (tmp_path / name).write_text("before")
    return tmp_path


BEFORE = {"a": "before", "b": "before", "old": "before"}


def write_three(folder):
    with together() as files:
        for name in ("a", "b", "c"):
            write(files.place(folder / name), "new")
        files.remove(folder / "old")
        files.remove(folder / "never there")


def test_all_take_their_names_at_the_end(before):
    with together() as files:
        write(files.place(before / "a"), "new")
        assert (before / "a").read_text() == "before"
        write(files.place(before / "c"), "new")
        files.remove(before / "old")
        assert (before / "old").exists() and not (before / "c").exists()
    assert contents(before) == {"a": "new", "b": "before", "c": "new"}


@pytest.mark.parametrize("error", [KeyboardInterrupt, BitsimError, OSError])
def test_a_fault_before_the_last_one_leaves_all_as_it_was(error, before):
    def fail():
        with together() as files:
            write(files.place(before / "a"), "new")
            files.remove(before / "old")
            raise error

    with pytest.raises(error):
        fail()
    assert contents(before) == BEFORE


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
@pytest.mark.parametrize("step", range(6))  # a and b: away, new; c: new; old: away
@pytest.mark.parametrize("done", [False, True])  # a signal may come after a step, too
def test_a_fault_at_any_step_of_the_exchange_undoes_all(step, done, error, before, monkeypatch):
    steps = iter(range(99))
    honest = Path.rename

    def rename(self, target):
        if not self.exists():
            return honest(self, target)
        now = next(steps)
        if now == step and not done:
            raise error
        moved = honest(self, target)
        if now == step:
            raise error
        return moved

    monkeypatch.setattr("bitsim.files.together.Path.rename", rename)
    with pytest.raises((KeyboardInterrupt, BitsimError)):
        write_three(before)
    assert contents(before) == BEFORE


def test_a_folder_with_the_name_is_refused_and_stays(before):
    (before / "c").mkdir()
    (before / "c" / "inside").write_text("mine")
    with pytest.raises(BitsimError, match=r"c: cannot be written \(.*is a folder"):
        write_three(before)
    assert (before / "c" / "inside").read_text() == "mine"
    assert (before / "a").read_text() == "before"


def test_the_name_that_is_told_is_the_final_one(tmp_path):
    with pytest.raises(BitsimError) as told, together() as files:
        write(files.place(tmp_path / "no" / "folder.json"), "new")
    assert str(told.value).startswith(f"{tmp_path}/no/folder.json: cannot be written (No such")


def test_a_device_is_written_to_and_stays_one():
    with together() as files:
        write(files.place(Path("/dev/null")), "new")
    assert not Path("/dev/null").is_file()
    with pytest.raises(BitsimError, match="/dev/full: cannot be written"), together() as files:
        write(files.place(Path("/dev/full")), "new")

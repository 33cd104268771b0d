"""Where a checkpoint is fetched to: folders, disks, other fetches; and no network at all."""

import errno
import fcntl
import resource
import shutil
import signal

import pytest

from bitsim.errors import BitsimError
from bitsim.reference.checkpoints.hub.fetch import fetch, plan_fetch
from tests.reference.checkpoints.hub.fetching import FETCHED, WEIGHTS, get, left, source, tiny_hub


@pytest.fixture
def hub(monkeypatch):
    with tiny_hub(monkeypatch) as repository:
        yield repository


def test_without_a_pinned_commit_one_is_asked_for_before_the_network_is_used(hub, tmp_path):
    with pytest.raises(BitsimError, match=r"--revision COMMIT \(40 hex digits"):
        get(tmp_path / "ck", source(revision=None))
    assert hub.asked == []


def test_no_network_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(BitsimError, match=r"cannot be reached \(.*refused\); check the network"):
        get(tmp_path / "ck")


def test_a_folder_that_is_there_is_refused_before_the_network_is_used(hub, tmp_path):
    (tmp_path / "ck").mkdir()
    with pytest.raises(BitsimError, match="exists already; name a new folder"):
        get(tmp_path / "ck")
    assert hub.asked == []


@pytest.mark.parametrize("name", ["none/ck", "file/ck", "n" * 250, "nul\0"])
def test_a_place_that_cannot_be_written_is_refused(hub, tmp_path, name):
    (tmp_path / "file").write_text("")
    with pytest.raises(BitsimError, match="cannot be written"):
        get(tmp_path / name)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file"]


def test_a_read_only_folder_is_refused_before_the_network_is_used(hub, tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)  # root may write where it is 0555
    with pytest.raises(BitsimError, match="cannot be written"):
        get(tmp_path / "ck")
    assert hub.asked == []


def test_a_disk_without_room_is_refused_before_anything_is_fetched(hub, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    with pytest.raises(BitsimError, match=r"needs \d+ bytes, 1000 are free on its disk"):
        get(tmp_path / "ck")
    assert left(tmp_path / "ck") == []


def test_a_disk_that_fills_up_is_said_and_keeps_what_has_arrived(hub, tmp_path):
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (12_288, limit[1]))
    try:
        with pytest.raises(BitsimError, match=r"model.safetensors: cannot be written \(File too"):
            get(tmp_path / "ck")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, before)
    assert (tmp_path / "ck.partial" / WEIGHTS).stat().st_size == 12_288
    get(tmp_path / "ck")
    assert (tmp_path / "ck" / WEIGHTS).read_bytes() == hub.files[WEIGHTS]


@pytest.mark.parametrize("marker", [None, b"", b"repo = 'other'\n", b"\xff"])
def test_a_partial_folder_of_something_else_is_not_touched(hub, tmp_path, marker):
    theirs = tmp_path / "ck.partial"
    theirs.mkdir()
    (theirs / WEIGHTS).write_bytes(b"theirs")
    if marker is not None:
        (theirs / "fetching.toml").write_bytes(marker)
    with pytest.raises(BitsimError, match=r"ck.partial: is not a part of someone/tiny-bitnet"):
        get(tmp_path / "ck")
    assert (theirs / WEIGHTS).read_bytes() == b"theirs"


def test_two_fetches_into_one_folder_do_not_mix(hub, tmp_path):
    plan = plan_fetch(source(), None, tmp_path / "ck")
    plan.partial.mkdir()
    with (plan.partial / "fetching.toml").open("ab") as marker:
        fcntl.flock(marker, fcntl.LOCK_EX)
        with pytest.raises(BitsimError, match="another fetch is writing it"):
            fetch(plan)
    assert [p.name for p in plan.partial.iterdir()] == ["fetching.toml"]


def test_faults_of_the_last_step_are_said(hub, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    plan = plan_fetch(source(), None, tmp_path / "ck")
    with monkeypatch.context() as disk:
        disk.setattr("pathlib.Path.rename", full)
        with pytest.raises(BitsimError, match=r"ck: cannot be written \(No space left on device\)"):
            fetch(plan)
    assert plan.held_bytes == plan.total_bytes
    hub.asked.clear()
    get(tmp_path / "ck")
    assert len(hub.asked) == 1  # the listing: every byte was here
    assert left(tmp_path / "ck") == [
        "ck",
        *(f"ck/{name}" for name in sorted((*FETCHED, "fetched.toml"))),
    ]

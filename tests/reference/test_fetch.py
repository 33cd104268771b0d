"""Fetching a checkpoint through huggingface_hub from a server on this machine."""

import errno
import fcntl
import resource
import shutil
import signal
import tomllib

import numpy as np
import pytest
from safetensors.numpy import save

from bitsim.errors import BitsimError
from bitsim.reference.fetch import fetch, plan_fetch
from bitsim.spec import base
from bitsim.spec.checkpoint_source import CheckpointSource, PinnedFile
from tests.reference.hub_server import COMMIT, REPO, Repository, serving, sha256

WEIGHTS = "model.safetensors"
OTHER_COMMIT = "f" * 40
CHUNK_BYTES = 4096


def files():
    numbers = np.random.default_rng(5).integers(0, 256, 50_000, dtype=np.uint8)
    return {
        "config.json": b'{"model_type": "bitnet"}\n',
        WEIGHTS: save({"w": numbers}, {"format": "pt"}),
        "tokenizer.json": b'{"version": "1.0"}\n',
        "modeling_bitnet.py": b"import os\n",
        "pytorch_model.bin": b"\x80\x04pickle",
        "README.md": b"# card\n",
        ".gitattributes": b"",
        "original/model.safetensors": b"in a folder",
    }


FETCHED = ("config.json", WEIGHTS, "tokenizer.json")


def source(revision=COMMIT, **pins):
    return CheckpointSource(
        name="tiny",
        repo=REPO,
        revision=revision,
        revision_source=revision and "of this test",
        files={WEIGHTS: PinnedFile(source="of this test", **pins)} if pins else {},
    )


@pytest.fixture
def hub(monkeypatch):
    """The repository behind HF_ENDPOINT, in steps of 4 KB."""
    from huggingface_hub import constants

    repository = Repository(files())
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", CHUNK_BYTES)
    with serving(repository) as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        yield repository


def get(folder, described=None, revision=None, on_bytes=None):
    return fetch(plan_fetch(described or source(), revision, folder), on_bytes)


def left(folder):
    """Everything beside and below where the folder is, by name."""
    return sorted(str(p.relative_to(folder.parent)) for p in folder.parent.rglob("*"))


def test_the_files_of_the_commit_arrive_whole_and_nothing_else(hub, tmp_path):
    fetched = get(tmp_path / "ck")
    assert [each.name for each in fetched] == sorted(FETCHED)
    for each in fetched:
        data = (tmp_path / "ck" / each.name).read_bytes()
        assert data == hub.files[each.name]
        assert (each.size_bytes, each.sha256) == (len(data), sha256(data))
    assert left(tmp_path / "ck") == [
        "ck",
        *(f"ck/{name}" for name in sorted((*FETCHED, "fetched.toml"))),
    ]
    assert {path for path, _ in hub.asked if "resolve" in path} == {
        f"/{REPO}/resolve/{COMMIT}/{name}" for name in FETCHED
    }


def test_each_file_says_what_it_was_verified_against(hub, tmp_path):
    fetched = get(tmp_path / "ck", source(sha256=sha256(hub.files[WEIGHTS])))
    assert {each.name: each.verified for each in fetched} == {
        "config.json": "the Hub's git blob id",
        WEIGHTS: "the pinned sha256",
        "tokenizer.json": "the Hub's sha256",
    }


def test_the_record_pins_every_file_and_fetches_the_same_again(hub, tmp_path):
    get(tmp_path / "ck")
    record = base.load(CheckpointSource, tmp_path / "ck" / "fetched.toml")
    assert record.revision == COMMIT
    assert {name: pin.sha256 for name, pin in record.files.items()} == {
        name: sha256(hub.files[name]) for name in FETCHED
    }
    again = get(tmp_path / "again", record)
    assert {each.verified for each in again} == {"the pinned sha256"}


def test_progress_counts_every_missing_byte_once(hub, tmp_path):
    said = []
    get(tmp_path / "ck", on_bytes=lambda done, of: said.append((done, of)))
    total = sum(len(hub.files[name]) for name in FETCHED)
    assert {of for _, of in said} == {total}
    assert [done for done, _ in said] == sorted({done for done, _ in said})
    assert said[-1][0] == total and len(said) > total // CHUNK_BYTES


def test_a_broken_connection_is_taken_up_where_it_broke(hub, tmp_path):
    hub.break_at[WEIGHTS] = 20_000
    get(tmp_path / "ck")
    assert (tmp_path / "ck" / WEIGHTS).read_bytes() == hub.files[WEIGHTS]
    ranges = [asked for path, asked in hub.asked if path == f"/store/{WEIGHTS}"]
    assert ranges == [None, f"bytes={20_000 // CHUNK_BYTES * CHUNK_BYTES}-"]


@pytest.mark.parametrize("ranges", [True, False], ids=["with ranges", "the server knows no ranges"])
def test_the_next_attempt_goes_on_from_the_bytes_of_the_first(hub, tmp_path, ranges):
    hub.break_at[WEIGHTS], hub.down_after_break = 20_000, True
    with pytest.raises(BitsimError, match=r"answers HTTP 500; try later"):
        get(tmp_path / "ck")
    assert not (tmp_path / "ck").exists()
    held = (tmp_path / "ck.partial" / WEIGHTS).stat().st_size
    assert held == 20_000 // CHUNK_BYTES * CHUNK_BYTES
    hub.down, hub.ranges = False, ranges
    hub.asked.clear()
    said = []
    get(tmp_path / "ck", on_bytes=lambda done, of: said.append((done, of)))
    assert (tmp_path / "ck" / WEIGHTS).read_bytes() == hub.files[WEIGHTS]
    assert (f"/store/{WEIGHTS}", f"bytes={held}-") in hub.asked
    assert not any("config.json" in path for path, _ in hub.asked)  # it was whole
    total = sum(len(hub.files[name]) for name in FETCHED)
    assert said[-1] == (total - held - len(hub.files["config.json"]),) * 2
    assert not (tmp_path / "ck.partial").exists()


def test_bytes_that_another_left_are_verified_too(hub, tmp_path):
    hub.break_at[WEIGHTS], hub.down_after_break = 20_000, True
    with pytest.raises(BitsimError):
        get(tmp_path / "ck")
    hub.down = False
    with (tmp_path / "ck.partial" / WEIGHTS).open("r+b") as part:
        part.write(b"?")
    with pytest.raises(BitsimError, match=r"model.safetensors: sha256 .* expected; it was removed"):
        get(tmp_path / "ck")
    get(tmp_path / "ck")
    assert (tmp_path / "ck" / WEIGHTS).read_bytes() == hub.files[WEIGHTS]


@pytest.mark.parametrize("name", FETCHED)
def test_one_wrong_bit_of_any_file_is_refused_and_that_file_removed(hub, tmp_path, name):
    data = bytearray(hub.files[name])
    data[-2] ^= 1
    hub.served[name] = bytes(data)
    with pytest.raises(BitsimError, match=rf"^{name}: (sha256|git blob) [0-9a-f]+, .* expected"):
        get(tmp_path / "ck")
    assert not (tmp_path / "ck").exists()
    assert not (tmp_path / "ck.partial" / name).exists()


def test_a_wrong_listing_is_refused_by_the_pin_before_anything_is_fetched(hub, tmp_path):
    hub.listed_sha256[WEIGHTS] = "0" * 64
    with pytest.raises(BitsimError, match=r"sha256 '0+' by the server, [0-9a-f]{64} pinned"):
        get(tmp_path / "ck", source(sha256=sha256(hub.files[WEIGHTS])))
    with pytest.raises(BitsimError, match=r"bytes \d+ by the server, 7 pinned; nothing was"):
        get(tmp_path / "ck", source(bytes=7))
    assert len(hub.asked) == 2 and left(tmp_path / "ck") == []


def test_pins_are_for_the_pinned_commit_only(hub, tmp_path):
    described = CheckpointSource(
        name="tiny",
        repo=REPO,
        revision=OTHER_COMMIT,
        revision_source="of this test",
        files={WEIGHTS: PinnedFile(sha256="0" * 64, source="of this test")},
    )
    fetched = get(tmp_path / "ck", described, COMMIT)
    assert {each.name: each.verified for each in fetched}[WEIGHTS] == "the Hub's sha256"
    record = tomllib.loads((tmp_path / "ck" / "fetched.toml").read_text())
    assert record["revision"] == COMMIT


def test_a_server_that_sends_more_than_it_lists_does_not_fill_the_disk(hub, tmp_path):
    hub.served["config.json"] = hub.files["config.json"] * 1000
    with pytest.raises(BitsimError, match=r"config.json: the server sends more than the 25 bytes"):
        get(tmp_path / "ck")
    assert left(tmp_path / "ck") == []


def test_a_server_that_sends_less_than_it_lists_is_said(hub, tmp_path):
    hub.served[WEIGHTS] = hub.files[WEIGHTS][:-1]
    with pytest.raises(BitsimError, match=r"does not answer as the Hub does \(Consistency check"):
        get(tmp_path / "ck")
    assert not (tmp_path / "ck").exists()


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"gone": {"config.json"}}, "tiny-bitnet/config.json: is not there at commit"),
        ({"listed_commit": OTHER_COMMIT}, f"the server answers with commit '{OTHER_COMMIT}'"),
        ({"files": {"README.md": b""}}, "has no .safetensors and no .gguf file"),
        ({"files": {"pytorch_model.bin": b"P", "x.py": b""}}, "has no .safetensors and no .gguf"),
        (
            {"files": {f"model-{i:05}-of-00201.safetensors": b"x" for i in range(201)}},
            "201 files; at most 200",
        ),
        ({"answer": (401, "GatedRepo", b"")}, "its owner asks for a login"),
        ({"answer": (404, "RepoNotFound", b"")}, "no such repository on http://127.0.0.1"),
        ({"answer": (503, "", b"")}, "answers HTTP 503; try later, or check HF_ENDPOINT"),
        ({"answer": (200, "", b"<html>")}, "does not answer as the Hub does"),
        ({"answer": (200, "", b"[]")}, "does not answer as the Hub does"),
        ({"answer": (200, "", b'{"id": 3}')}, "the server answers with commit None"),
        (
            {"answer": (200, "", b'{"id":"a/b","sha":"%s","siblings":[{}]}' % COMMIT.encode())},
            "does not answer as the Hub does",
        ),
        (
            {
                "answer": (
                    200,
                    "",
                    b'{"id":"a/b","sha":"%s","siblings":[{"rfilename":"a.gguf","size":-1}]}'
                    % COMMIT.encode(),
                )
            },
            "a.gguf: the listing says no size or no digest",
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_every_fault_of_the_server_is_one_line_and_leaves_nothing(hub, tmp_path, fault, says):
    for name, value in fault.items():
        setattr(hub, name, value)
    with pytest.raises(BitsimError) as raised:
        get(tmp_path / "ck")
    assert says in str(raised.value)
    assert "\n" not in str(raised.value) and len(str(raised.value)) < 400
    assert left(tmp_path / "ck") == []


def test_a_pinned_file_that_the_commit_has_not_is_said(hub, tmp_path):
    del hub.files[WEIGHTS]
    with pytest.raises(BitsimError, match=rf"has no file {WEIGHTS}, which is pinned"):
        get(tmp_path / "ck", source(bytes=7))


def test_a_commit_that_is_not_there_is_said(hub, tmp_path):
    with pytest.raises(BitsimError, match=rf"has no commit {OTHER_COMMIT}; `git ls-remote"):
        get(tmp_path / "ck", revision=OTHER_COMMIT)


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

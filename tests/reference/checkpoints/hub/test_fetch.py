"""Fetching a checkpoint through huggingface_hub from a server on this machine."""

import tomllib

import pytest

from bitsim.errors import BitsimError
from bitsim.spec import base
from bitsim.spec.checkpoint_source import CheckpointSource, PinnedFile
from tests.reference.checkpoints.hub.fetching import (
    CHUNK_BYTES,
    FETCHED,
    OTHER_COMMIT,
    WEIGHTS,
    get,
    left,
    source,
    tiny_hub,
)
from tests.reference.checkpoints.hub.hub_server import COMMIT, REPO, sha256


@pytest.fixture
def hub(monkeypatch):
    with tiny_hub(monkeypatch) as repository:
        yield repository


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

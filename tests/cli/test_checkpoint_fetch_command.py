"""`bitsim checkpoint fetch` in a process of its own, against a server on this machine."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bitsim.cli import main
from bitsim.reference.checkpoints.inspection import checkpoint_info
from bitsim.spec.catalog import models_folder
from tests.reference.checkpoints.hub.hub_server import COMMIT, REPO, Repository, serving, sha256

WEIGHTS = bytes(range(251)) * 50_000  # 12.55 MB: huggingface_hub writes 10 MiB at a time
STEP_BYTES = 10 << 20
SOURCE = f'name = "tiny"\nrepo = "{REPO}"\nrevision = "{COMMIT}"\nrevision_source = "this test"\n'


def bitsim(folder, address, *arguments, wait=True):
    """Run the command in `folder`, or start it."""
    telling = {"HF_TOKEN": "hf_secret", "AI_AGENT": "telling", "HF_HOME": str(folder / "home")}
    environment = {**os.environ, **telling, "HF_ENDPOINT": address}
    command = [Path(sys.executable).parent / "bitsim", "checkpoint", "fetch", *arguments]
    # A shell's background job ignores Ctrl-C, and its children with it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    finally:
        signal.signal(signal.SIGINT, before)
    return (*process.communicate(timeout=60), process.returncode) if wait else process


@pytest.fixture
def hub(tmp_path):
    (tmp_path / "tiny.toml").write_text(SOURCE)
    repository = Repository({"config.json": b"{}", "model.safetensors": WEIGHTS})
    with serving(repository) as address:
        repository.address = address
        yield repository


def test_fetch_says_the_bytes_first_and_prints_what_sha256sum_checks(hub, tmp_path):
    out, said, status = bitsim(tmp_path, hub.address, "tiny.toml", "--out", "ck")
    assert status == 0, said
    total = len(WEIGHTS) + 2
    assert said.splitlines()[0].startswith(
        f"{REPO} at {COMMIT}: 2 files, {total} bytes, of which 0"
    )
    assert len(said.splitlines()) == 1 + 2 + 1 and "%" not in said  # no progress bar of others
    assert out.splitlines() == [
        f"{sha256(b'{}')}  config.json",
        f"{sha256(WEIGHTS)}  model.safetensors",
    ]
    checked = subprocess.run(["sha256sum", "-c"], input=out, cwd=tmp_path / "ck", text=True)
    assert checked.returncode == 0
    assert not (tmp_path / "home").exists()  # nothing is kept in huggingface_hub's own cache
    assert len(hub.asked) == 1 + 2 * 2  # the listing; each file and its redirection; no telemetry
    sent = json.dumps(hub.headers).lower()
    assert "authorization" not in sent and "secret" not in sent and "telling" not in sent
    out, said, status = bitsim(tmp_path, hub.address, "ck/fetched.toml", "--out", "b", "--json")
    assert status == 0, said
    table = json.loads(out)
    assert (table["repo"], table["revision"], table["bytes"]) == (REPO, COMMIT, total)
    assert table["files"]["config.json"]["verified"] == "the pinned sha256"


def test_ctrl_c_keeps_what_has_arrived_and_the_same_command_goes_on(hub, tmp_path):
    hub.stall_at["model.safetensors"] = STEP_BYTES + 1000
    process = bitsim(tmp_path, hub.address, "tiny.toml", "--out", "ck", wait=False)
    part = tmp_path / "ck.partial" / "model.safetensors"
    deadline = time.monotonic() + 30
    while not (part.exists() and part.stat().st_size == STEP_BYTES):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, ""), said
    assert f"ck.partial: keeps {STEP_BYTES + 2} of {len(WEIGHTS) + 2} bytes; the same" in said
    assert "nothing half-written" not in said and "Traceback" not in said
    hub.stall_at.clear()
    hub.asked.clear()
    out, said, status = bitsim(tmp_path, hub.address, "tiny.toml", "--out", "ck")
    assert status == 0, said
    assert f"of which {STEP_BYTES + 2} are here" in said
    assert ("/store/model.safetensors", f"bytes={STEP_BYTES}-") in hub.asked
    assert (tmp_path / "ck" / "model.safetensors").read_bytes() == WEIGHTS


def test_no_network_is_one_line(tmp_path):
    (tmp_path / "tiny.toml").write_text(SOURCE)
    out, said, status = bitsim(tmp_path, "http://127.0.0.1:9", "tiny.toml", "--out", "ck")
    assert (out, status) == ("", 2)
    assert said.count("\n") == 1
    assert said.startswith(f"bitsim: {REPO}: http://127.0.0.1:9 cannot be reached (")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tiny.toml"]


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["1bitllm-xl"], "--out"),
        (["nothing", "--out", "ck"], "no such name in checkpoints"),
        (["1bitllm-xxl", "--out", "ck"], "did you mean '1bitllm-xl'?"),
        (["nobody/nothing", "--out", "ck"], "nobody/nothing: no such file"),
        (["1bitllm-xl", "--out", "ck", "--revision", "main"], "40 hex digits; a branch can move"),
        (["1bitllm-xl", "--out", "."], "exists already"),
        (["microsoft/BITNET-b1.58-2b-4t", "--out", "no/ck"], "no/ck: cannot be written"),
        (["bad.toml", "--out", "ck"], "'evil.py': such a file is not fetched"),
        (["bad.toml", "--out", "ck"], "revision and revision_source belong together"),
        (["bad.toml", "--out", "ck"], "files are pinned, but no revision"),
        (["away.toml", "--out", "ck"], "repo = '../../etc/passwd'"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_a_fault_is_said_before_the_network_is_used(argv, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    bad = 'name = "x"\nrepo = "a/b"\nrevision_source = "this test"\n[files."evil.py"]\n'
    (tmp_path / "bad.toml").write_text(bad + 'source = "this test"\n')
    (tmp_path / "away.toml").write_text('name = "x"\nrepo = "../../etc/passwd"\n')
    assert main(["checkpoint", "fetch", *argv]) == 2
    said = capsys.readouterr()
    assert says in said.err and "cannot be reached" not in said.err
    assert len(said.err.splitlines()) == 1 and said.out == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["away.toml", "bad.toml"]


def test_a_fetched_network_is_read_as_it_is(tmp_path):
    network = models_folder() / "networks" / "addition"
    named = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
    repository = Repository({name: (network / name).read_bytes() for name in (*named, "train.py")})
    (tmp_path / "tiny.toml").write_text(SOURCE)
    with serving(repository) as address:
        out, said, status = bitsim(tmp_path, address, "tiny.toml", "--out", "ck")
    assert status == 0, said
    assert [line.split()[1] for line in out.splitlines()] == sorted(named)
    assert checkpoint_info(str(tmp_path / "ck")) == checkpoint_info("addition")

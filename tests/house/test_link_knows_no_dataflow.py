"""The link steps whatever array it is given: it names none."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAME = re.compile(r"(^|[^a-z])dot([^a-z]|$)|Dot", re.ASCII)


def named(source: str) -> list[str]:
    """Modules, names and strings that are code, and name the dataflow."""
    found = []
    for node in ast.walk(ast.parse(source)):
        words = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        words += [alias.name for alias in getattr(node, "names", []) if hasattr(alias, "name")]
        words += [getattr(node, field, None) for field in ("id", "attr", "name", "arg")]
        found += [word for word in words if isinstance(word, str) and NAME.search(word)]
    return found


def test_no_module_of_the_link_names_a_dataflow() -> None:
    modules = sorted((ROOT / "bitsim" / "link").glob("*.py"))
    assert len(modules) > 5
    assert {path.name: named(path.read_text()) for path in modules if named(path.read_text())} == {}


def test_the_rule_finds_imports_names_and_attributes() -> None:
    source = "from bitsim.array.dot import control\nx = DotSpec\ny = spec.dot\ndef dot_step(): ..."
    assert len(named(source)) == 4
    assert named("from bitsim.array import control\nx = dotted") == []

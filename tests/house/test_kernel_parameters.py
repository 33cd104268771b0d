"""A kernel of many arrays takes them as a named tuple, which says what each is."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MOST = 9


def kernels(source: str) -> dict[str, int]:
    """Each function that numba compiles, and how many parameters it has."""
    return {
        node.name: len(node.args.posonlyargs + node.args.args + node.args.kwonlyargs)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and any(map(_compiles, node.decorator_list))
    }


def _compiles(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return getattr(called, "id", getattr(called, "attr", "")) in {"njit", "jit", "vectorize"}


def test_no_kernel_has_ten_parameters() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {name}": count
        for path in sorted((ROOT / "bitsim").rglob("*.py"))
        for name, count in kernels(path.read_text()).items()
    }
    assert len(found) > 100
    assert {name: count for name, count in found.items() if count > MOST} == {}


def test_the_rule_counts_kernels_alone() -> None:
    source = (
        "@njit(inline='always')\ndef a(b, c, *, d): ...\n@numba.njit\ndef e(): ...\ndef f(g): ..."
    )
    assert kernels(source) == {"a": 3, "e": 0}

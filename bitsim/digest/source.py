"""One source file: the digest of its code, and what it imports."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_DOTTED = re.compile(r"\w+(\.\w+)+([.:]\w*)?")


class Import(NamedTuple):
    """`import module`, `from module import name`, or a string that names a module.

    name  "" if there is none; "*" for all modules of a package
    late  in a function, or by a string: it is not there once the file has been imported
    key   of a string that is the argument `key=` of a call: whoever follows it says `.key`
    """

    module: str
    name: str
    late: bool
    key: str = ""


class Source(NamedTuple):
    """What a file says.

    code        the digest of the file alone
    attributes  that it asks of anything, sorted
    """

    code: str
    imports: tuple[Import, ...]
    attributes: tuple[str, ...]


def read_source(text: bytes, package: str, packages: Sequence[str]) -> Source:
    """A file's code and imports.

    package   that the file is in: relative imports begin there
    packages  whose modules a string may name
    """
    tree = ast.parse(text)
    digest = hashlib.sha256()
    for part in _code(tree):
        digest.update(part.encode("utf-8", "surrogatepass"))
    imports = dict.fromkeys(_imports(tree, package, packages, late=False))
    return Source(digest.hexdigest(), tuple(imports), tuple(sorted(set(_attributes(tree)))))


def _code(node: ast.AST) -> Iterator[str]:
    """The tree in words that are the same under every Python, without docstrings.

    A field that is empty is left out: a later Python has fields of which an earlier one knows
    nothing, and they are empty in code that both can read.
    """
    yield f"({type(node).__name__}"
    if isinstance(node, ast.Constant):
        yield f" {type(node.value).__name__} {node.value!a}"
    else:
        for name, value in ast.iter_fields(node):
            if value is None or value == []:
                continue
            yield f" {name}"
            for each in _values(node, name, value) if isinstance(value, list) else [value]:
                yield from _code(each) if isinstance(each, ast.AST) else [f" {each!a}"]
    yield ")"


def _values(node: ast.AST, name: str, values: list[Any]) -> list[Any]:
    if name == "body" and isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False):
        return values[1:]
    if isinstance(node, ast.JoinedStr):
        return _joined(values)
    return values


def _joined(values: list[Any]) -> list[Any]:
    """Pieces of text that follow one another as one: Pythons differ in where they part them."""
    joined: list[Any] = []
    for value in values:
        if isinstance(value, ast.Constant):
            before = joined[-1] if joined else None
            if isinstance(before, ast.Constant):
                joined[-1] = ast.Constant(str(before.value) + str(value.value))
                continue
            if value.value == "":
                continue
        joined.append(value)
    return joined


def _attributes(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name):
                yield name
            case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=str(name)), *_]):
                yield name


def _imports(node: ast.AST, package: str, packages: Sequence[str], late: bool) -> Iterator[Import]:
    match node:
        case ast.Import():
            for each in node.names:
                yield Import(each.name, "", late)
        case ast.ImportFrom():
            module = _absolute(node, package)
            for each in node.names:
                yield Import(module, "" if each.name == "*" else each.name, late)
        case ast.Constant(value=str(text)):
            if text.partition(".")[0] in packages and _DOTTED.fullmatch(text):
                yield _named(text)
        case ast.keyword(arg=str(key), value=ast.Constant(value=str())):
            for named in _imports(node.value, package, packages, late):
                yield named._replace(key=key)
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            for statement in node.orelse:
                yield from _imports(statement, package, packages, late)
        case _:
            late = late or isinstance(node, _FUNCTIONS)
            for child in ast.iter_child_nodes(node):
                yield from _imports(child, package, packages, late)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    parts = package.split(".")
    above = parts[: len(parts) - node.level + 1] if node.level else []
    return ".".join([*above, *([node.module] if node.module else [])])


def _named(text: str) -> Import:
    """What a string names: `a.b`, `a.b.Name`, `a.b:Name`, or with `a.b.` the modules of `a.b`."""
    if text.endswith("."):
        return Import(text[:-1], "*", True)
    module, _, name = text.rstrip(":").replace(":", ".").rpartition(".")
    return Import(module, name, True)

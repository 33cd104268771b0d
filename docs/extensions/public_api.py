"""Directive `public-api`: every name of `bitsim.__all__`, and the classes that are returned."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.nodes import nested_parse_with_titles

import bitsim
from bitsim.spec.base import Spec

ENTRY = re.compile(r"(\w[\w, ]*?)\s{2,}(\S.*)")  # `name  meaning` of our docstrings


class PublicApi(Directive):
    """Sections of functions by what they do, then the classes."""

    def run(self) -> list[nodes.Node]:
        """The nodes."""
        place = nodes.Element()
        text = StringList(list(_page()), source="bitsim")
        nested_parse_with_titles(self.state, text, place)
        return place.children


def _page() -> Iterator[str]:
    """The text of the sections."""
    things = {name: getattr(bitsim, name) for name in bitsim.__all__}
    classes = {name: each for name, each in things.items() if inspect.isclass(each)}
    functions = {name: each for name, each in things.items() if name not in classes}
    for group in ("Do", "Load", "List"):
        names = [name for name in functions if _group(name) == group]
        yield from (group, "-" * len(group), "") if names else ()
        for name in names:
            yield from (f".. autofunction:: bitsim.{name}", "")
    returned = {_place(each): None for each in map(_returned, functions.values()) if each}
    yield from ("Classes", "-------", "")
    for name in [*(f"bitsim.{name}" for name in classes), *returned]:
        yield from (
            f".. autoclass:: {name}",
            "   :members:",
            "   :exclude-members: model_config",
            "",
        )


def _group(name: str) -> str:
    verb = name.partition("_")[0]
    return {"load": "Load", "open": "Load", "list": "List"}.get(verb, "Do")


def _returned(function: Any) -> type | None:
    """The class of ours that a function's annotation says it returns."""
    said = str(getattr(function, "__annotations__", {}).get("return"))
    found = getattr(sys.modules[function.__module__], said, None)
    return found if inspect.isclass(found) and found.__module__.startswith("bitsim") else None


def _place(found: type) -> str:
    return f"{found.__module__}.{found.__qualname__}"


def _docstring(
    _app: Sphinx, what: str, _name: str, thing: Any, _options: Any, lines: list[str]
) -> None:
    """Our tables of names and meanings as lists of fields."""
    found: list[str] = []
    in_table = False
    if what == "class" and issubclass(thing, Spec):
        lines += ["Its fields: :doc:`fields`.", ""]
    arguments = inspect.signature(thing).parameters if inspect.isfunction(thing) else {}
    for line in lines:
        entry = ENTRY.fullmatch(line)
        if entry:
            kind = "param " if entry[1] in arguments else ""
            found += [*([""] * (not in_table)), f":{kind}{entry[1]}: {entry[2]}"]
            in_table = True
        elif in_table and line.startswith("  "):
            found[-1] += f" {line.strip()}"
        else:
            in_table = False
            found.append(line)
    lines[:] = found


def _signature(
    _app: Sphinx, _what: str, _name: str, found: Any, _options: Any, _text: str, _returns: str
) -> tuple[str, str] | None:
    """None of a description: its fields are on a page of their own."""
    return ("", "") if inspect.isclass(found) and issubclass(found, Spec) else None


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx's hook."""
    app.setup_extension("sphinx.ext.autodoc")
    app.add_directive("public-api", PublicApi)
    app.connect("autodoc-process-signature", _signature)
    app.connect("autodoc-process-docstring", _docstring)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

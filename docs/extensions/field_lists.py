"""Directive `fields`: every field of a kind of file, as `bitsim list fields` prints it."""

from __future__ import annotations

import re
from itertools import groupby
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

from bitsim.spec import fields

CODE = re.compile(r"`([^`]+)`")


class Fields(Directive):
    """A list of the fields outside tables, then a section for each table."""

    required_arguments: ClassVar = 1

    def run(self) -> list[nodes.Node]:
        """The nodes."""
        file = self.arguments[0]
        found: list[nodes.Node] = []
        for table, group in groupby(fields.fields(file), key=_table):
            lines = list(group)
            place: nodes.Element = nodes.definition_list(classes=["fields"])
            place += [_entry(file, line) for line in lines]
            if table:
                section = nodes.section(ids=[nodes.make_id(f"{file}-{table}")])
                section += [nodes.title("", "", nodes.literal("", f"[{table}]")), place]
                place = section
            found.append(place)
        return found


def _table(line: fields.FieldLine) -> str:
    """The table of the file that a field is in, or is; none of those at the file's top."""
    first, _, rest = line.path.replace("[]", ".[]").partition(".")
    return first if rest or "table" in line.type else ""


def _entry(file: str, line: fields.FieldLine) -> nodes.Node:
    anchor = "-".join(filter(None, (file, line.path, line.of)))
    term = nodes.term("", "", nodes.literal("", line.path), ids=[nodes.make_id(anchor)])
    meaning = nodes.paragraph()
    for number, text in enumerate(CODE.split(f"{line.meaning[:1].upper()}{line.meaning[1:]}.")):
        meaning += nodes.literal("", text) if number % 2 else nodes.Text(text)
    about = nodes.paragraph("", fields.summary(line), classes=["about"])
    return nodes.definition_list_item("", term, nodes.definition("", about, meaning))


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx's hook."""
    app.add_directive("fields", Fields)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Sphinx's HTML where it says to a screen reader what is not so."""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

TEXTS = ("body", "furo_navigation_tree")  # of a page, where a toctree can be
LINES = re.compile(r"<dl>\n(<dd>.*?)</dl>", re.S)  # arguments of a signature: no definitions


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx's hook, after the theme's own."""
    app.connect("html-page-context", _mend, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _mend(_app: Sphinx, _page: str, _template: str, context: dict[str, Any], _tree: Any) -> None:
    for name in TEXTS:
        if isinstance(context.get(name), str):
            text = context[name].replace('role="heading">', 'role="heading" aria-level="2">')
            context[name] = LINES.sub(_spans, text)


def _spans(lines: re.Match[str]) -> str:
    body = lines[1].replace("<dd>", '<span class="sig-line">').replace("</dd>", "</span>")
    return f'<span class="sig-lines">{body}</span>'

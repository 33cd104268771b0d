"""Captions of a toctree as headings of a level: Sphinx leaves the level out (aria-level)."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

TEXTS = ("body", "furo_navigation_tree")  # of a page, where a toctree can be


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx's hook, after the theme's own."""
    app.connect("html-page-context", _levels, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _levels(_app: Sphinx, _page: str, _template: str, context: dict[str, Any], _tree: Any) -> None:
    for name in TEXTS:
        if isinstance(context.get(name), str):
            context[name] = context[name].replace(
                'role="heading">', 'role="heading" aria-level="2">'
            )

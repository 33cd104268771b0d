"""A page as one file: template, style and script together, and a policy that lets nothing in."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from bitsim.files.atomic import atomic_file
from bitsim.report.drawing import palette

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent.parent / "templates"


def write_page(template: str, context: dict[str, Any], path: Path) -> None:
    """Render a template into a file that needs no network and no other file."""
    style = palette.css() + _source("style.css")
    script = _source("page.js")
    text = (
        _environment()
        .get_template(template)
        .render(
            **context,
            version=version("bitsim"),
            style=Markup(style),
            script=Markup(script),
            style_hash=_hash(style),
            script_hash=_hash(script),
        )
    )
    with atomic_file(path) as file:
        file.write(text.encode("utf-8", "backslashreplace"))


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )


def _source(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"

"""The documentation builds without a warning, asks no other host for anything, and is whole."""

import html
import re
from pathlib import Path

import bitsim
from bitsim.spec import fields

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = re.compile(r"""(?:src|<link[^>]*href)=["'](?:https?:)?//|url\(["']?(?:https?:)?//""")


def test_every_document_and_every_notebook_is_a_page(pages):
    names = [path.stem for path in (ROOT / "docs").glob("*.md")]
    names += [f"notebooks/{path.stem}" for path in (ROOT / "examples").glob("notebooks/*.ipynb")]
    assert [name for name in names if not (pages / f"{name}.html").exists()] == []
    assert "machine" in names


def test_the_changelog_is_a_page(pages):
    assert "Keep a Changelog" in (pages / "changelog.html").read_text()


def test_every_public_name_is_on_the_page_of_the_python_interface(pages):
    text = (pages / "api.html").read_text()
    assert [name for name in bitsim.__all__ if f'id="bitsim.{name}"' not in text] == []
    assert 'id="bitsim.system.result.RunResult.tokens_per_s"' in text


def test_the_words_of_the_field_are_in_the_glossary_and_pages_link_to_them(pages):
    words = [
        "beat",
        "burst",
        "phase",
        "tile",
        "hold",
        "turnaround",
        "handshake",
        "packing",
        "ternary",
        "prefill",
        "decode",
    ]
    words += ["row-tile", "KV-cache", "prefetch", "in-flight"]
    text = (pages / "glossary.html").read_text()
    assert [word for word in words if f'id="term-{word}"' not in text] == []
    assert 'href="glossary.html#term-row-tile"' in (pages / "machine.html").read_text()


def test_the_page_of_fields_has_every_field_of_every_file(pages):
    text = html.unescape((pages / "fields.html").read_text())
    said = [(file, line) for file in fields.FILES for line in fields.fields(file)]
    missing = [line.path for _, line in said if f">{line.path}<" not in text]
    assert missing == []
    assert 'integer, 1200 to 12000000 bit/s, of kind = "serial"' in text


def test_no_page_loads_anything_from_another_host(pages):
    files = [path for path in pages.rglob("*") if path.suffix in (".html", ".css")]
    assert [path.name for path in files if ADDRESS.search(path.read_text())] == []
    assert ADDRESS.search('<link rel="stylesheet" href="https://fonts.example/a.css">')


def test_captions_of_the_contents_are_headings_of_a_level(pages):
    text = (pages / "index.html").read_text()
    assert text.count('role="heading" aria-level="2"') == text.count('role="heading"') > 0


def test_arguments_of_a_signature_are_no_list_of_definitions(pages):
    text = (pages / "api.html").read_text()
    assert "<dl>" not in text
    assert text.count('class="sig-line"') > 10


def test_every_example_is_on_the_page_of_examples():
    text = (ROOT / "docs" / "examples.md").read_text()
    scripts = [path.name for path in (ROOT / "examples").glob("*.py")]
    assert [name for name in scripts if f"`{name}`" not in text] == []

"""One file's digest is of its code alone, and its imports are all found."""

from __future__ import annotations

import pytest

from bitsim.digest.source import Import, read_source

CODE = '''"""What the file is for."""

from a import b


class C:
    """What it is."""

    size: int = 3  # of something

    def f(self, x=(1, 2)):
        """What it does."""
        return f"{x!r:>{self.size}} {b} 'text'" "more" + "\\u00e9" + str(-1.5e-7 ** 2)
'''
# Of CODE under Python 3.11. Each Python that runs this test must find the same.
UNDER_EVERY_PYTHON = "fd05bb386485c74afce4ef739ce0d48af7a06e67396fb32e173e33442d48383c"


def code(text: str) -> str:
    return read_source(text.encode(), "a", ("a",)).code


def imports(text: str, package: str = "a.b") -> set[Import]:
    return set(read_source(text.encode(), package, ("a",)).imports)


def test_the_digest_is_the_same_under_every_python() -> None:
    assert code(CODE) == UNDER_EVERY_PYTHON


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  # of something", ""),
        ("  # of something", "  # of another"),
        ('"""What it is."""', '"""What\n\n    it was."""'),
        ('        """What it does."""\n', ""),
        ("(1, 2)", "(\n        1,\n        2,\n    )"),
        ("\n\nclass", "\n\n\n\n\nclass"),
        ("-1.5e-7 ** 2", "-(1.50e-7) ** (2)"),
    ],
)
def test_comments_docstrings_and_layout_are_not_in_the_digest(old: str, new: str) -> None:
    assert old in CODE
    assert code(CODE.replace(old, new)) == code(CODE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("size: int = 3", "size: int = 4"),
        ("size: int = 3", "size: float = 3"),
        ("size: int = 3", "size: int = 3.0"),
        ("from a import b", "from a import c as b"),
        ("'text'", "'test'"),
        ("{x!r", "{x!s"),
        ("** 2", "** 3"),
        ("class C:", "class C(object):"),
        ('        """What it does."""\n', '        """What it does."""\n        "and more"\n'),
        ("(1, 2)", "(2, 1)"),
        ("return", "yield"),
    ],
)
def test_any_other_code_has_another_digest(old: str, new: str) -> None:
    assert old in CODE
    assert code(CODE.replace(old, new)) != code(CODE)


@pytest.mark.parametrize(
    ("text", "module", "name", "late"),
    [
        ("import a.c", "a.c", "", False),
        ("import numpy as np", "numpy", "", False),
        ("from a.c import d", "a.c", "d", False),
        ("from a.c import *", "a.c", "", False),
        ("from . import d", "a.b", "d", False),
        ("from .c import d", "a.b.c", "d", False),
        ("from ..c import d", "a.c", "d", False),
        ("if True:\n    import a.c", "a.c", "", False),
        ("class C:\n    import a.c", "a.c", "", False),
        ("def f():\n    import a.c", "a.c", "", True),
        ("async def f():\n    def g():\n        from a import c", "a", "c", True),
        ("HOMES = {'x': 'a.c.d'}", "a.c", "d", True),
        ("HOME = 'a.c:Name'", "a.c", "Name", True),
        ("def f(x):\n    return f'a.c.{x}'", "a.c", "*", True),
        ("try:\n    import a.c\nexcept ImportError:\n    pass", "a.c", "", False),
    ],
)
def test_every_form_of_import_is_found(text: str, module: str, name: str, late: bool) -> None:
    assert imports(text) == {Import(module, name, late)}


@pytest.mark.parametrize(
    "text",
    [
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a.c",
        "TEXT = 'a'",
        "TEXT = 'a.c is a module'",
        "TEXT = 'other.c'",
        "# import a.c",
        "'''import a.c'''",
    ],
)
def test_what_imports_nothing_is_no_import(text: str) -> None:
    assert {each for each in imports(text) if each.module != "typing"} == set()


def test_a_string_that_an_argument_is_goes_by_the_name_of_the_argument() -> None:
    assert imports("KIND = Kind('x', model='a.c:Model')") == {Import("a.c", "Model", True, "model")}


def test_the_attributes_that_a_file_asks_for_are_known() -> None:
    text = "x.model.run(y)\nx.written = 1\ngetattr(x, 'named')\ngetattr(x, name)\n"
    source = read_source(text.encode(), "a", ("a",))
    assert source.attributes == ("model", "named", "run", "written")

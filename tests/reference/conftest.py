"""Fixtures of more than one file."""

import pytest

from tests.reference.checkpoints.converting import WIDE
from tests.reference.checkpoints.test_checkpoint_make import made


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A packed folder of 256-wide rows, with a head of its own and two ids that end a text."""
    place = tmp_path_factory.mktemp("source")
    text = WIDE.replace("tied_head = true", "tied_head = false").replace("[1]", "[1, 7]")
    (place / "wide.toml").write_text(text)
    return made(place / "wide", str(place / "wide.toml"))

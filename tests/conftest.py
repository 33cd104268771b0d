"""The order of all tests."""

from pathlib import Path

import pytest

LONG = ("rtl", "docs", "reference")  # folders whose files take long
HERE = Path(__file__).resolve().parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, so that all workers have something to do until the end."""
    items.sort(key=lambda item: item.path.relative_to(HERE).parts[0] not in LONG)

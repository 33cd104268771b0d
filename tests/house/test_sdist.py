"""What a source archive holds is a checkout: `make test` runs in it."""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """Files of the archive."""
    folder = tmp_path_factory.mktemp("sdist")
    uv = Path(sys.executable).parent / "uv"
    build = [uv, "build", "--sdist", "--no-build-isolation", "--offline", "--out-dir", folder]
    environment = os.environ | {"VIRTUAL_ENV": str(Path(sys.executable).parents[1])}
    subprocess.run([*build, ROOT], check=True, capture_output=True, env=environment)
    (archive,) = folder.glob("bitsim-*.tar.gz")
    with tarfile.open(archive) as file:
        return {name.partition("/")[2] for name in file.getnames()}


def test_the_archive_holds_the_tests_and_what_they_read(names):
    wanted = ["Makefile", "README.md", "pyproject.toml", "requirements-test.lock"]
    for folder in ("bitsim", "docs", "examples", "models", "rtl", "tests", "traces"):
        found = [
            path for path in (ROOT / folder).rglob("*.*") if path.suffix in (".py", ".toml", ".md")
        ]
        assert found, folder
        wanted += [str(path.relative_to(ROOT)) for path in found]
    assert [name for name in wanted if name not in names and "_build" not in name] == []

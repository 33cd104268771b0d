"""The digest follows imports, and is of the code that this process runs."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from bitsim.digest import Sources, sources

FILES = {
    "a/__init__.py": "import a.run_on_the_way",
    "a/run_on_the_way.py": "import json",
    "a/top.py": "import numba\nfrom a.low import base\nfrom a import package\n",
    "a/low/__init__.py": "NAMES = ['a.low.by_name.Thing']\ndef f():\n    import a.in_a_function\n",
    "a/low/base.py": "def f():\n    import a.late\n",
    "a/low/by_name.py": "",
    "a/in_a_function.py": "",
    "a/late.py": "",
    "a/package/__init__.py": "PARTS = f'a.parts.{1}'",
    "a/parts/__init__.py": "",
    "a/parts/one.py": "",
    "a/parts/two/__init__.py": "",
    "a/other.py": "import amaranth\nimport a.top",
}
ALONE = [
    "a/late.py",
    "a/low/base.py",
    "a/package/__init__.py",
    "a/parts/__init__.py",
    "a/parts/one.py",
    "a/parts/two/__init__.py",
    "a/top.py",
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def opened(home: Path, kept: Path | None = None) -> Sources:
    """The files as they are now: a clock tick later than they were written."""
    time.sleep(0.01)
    return Sources(home, ("a",), kept)


def test_a_walk_finds_what_runs_and_which_packages_it_imports(home: Path) -> None:
    files, others = opened(home).walk("a.top")
    run = {"a/__init__.py", "a/run_on_the_way.py", "a/low/__init__.py"}
    assert files == sorted({*ALONE, *run})
    assert others == ["llvmlite", "numba"]


def test_a_package_that_is_imported_itself_is_there_with_all_that_it_names(home: Path) -> None:
    (home / "a/top.py").write_text("import a.low")
    files, _ = opened(home).walk("a.top")
    assert {"a/low/by_name.py", "a/in_a_function.py"} <= set(files)


def test_a_string_of_an_entry_is_followed_by_whoever_asks_for_it(home: Path) -> None:
    (home / "a/other.py").write_text("KIND = f(model='a.late:Model', drawing='a.low.by_name:draw')")
    (home / "a/top.py").write_text("from a.other import KIND\nKIND.model()\n")
    files, _ = opened(home).walk("a.top", alone=True)
    assert files == ["a/late.py", "a/other.py", "a/top.py"]


def test_a_walk_for_a_kernel_leaves_out_what_only_runs_on_the_way(home: Path) -> None:
    assert opened(home).walk("a.top", alone=True) == (ALONE, ["llvmlite", "numba"])


def test_the_digest_changes_with_each_file_of_the_walk_and_with_no_other(home: Path) -> None:
    before = opened(home).digest("a.top")
    for name, text in FILES.items():
        (home / name).write_text(f"{text}\nCHANGED = 1\n")
        changed = opened(home).digest("a.top") != before
        assert changed == (name in opened(home).walk("a.top")[0]), name
        (home / name).write_text(f"# a comment\n{text}\n")
        assert opened(home).digest("a.top") == before, name


def test_the_digest_changes_with_the_version_of_what_is_imported(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = opened(home).digest("a.top")
    for name, matters in (("numba", True), ("llvmlite", True), ("amaranth", False)):
        versions = {name: "0.0.0"}
        monkeypatch.setattr(sources, "version", lambda name, own=versions: own.get(name, "1"))
        known = opened(home).digest("a.top")
        monkeypatch.setattr(sources, "version", lambda name: "1")
        assert (opened(home).digest("a.top") != known) == matters, name
        monkeypatch.undo()
    assert opened(home).digest("a.top") == before


def test_a_file_that_changes_while_a_process_runs_has_a_digest_of_that_process(home: Path) -> None:
    """The process may have imported what the file was before."""
    one = opened(home)
    time.sleep(0.01)
    (home / "a/late.py").write_text(FILES["a/late.py"])  # even to what it was
    digest = one.digest("a.top")
    assert digest == one.digest("a.top")
    assert digest != opened(home).digest("a.top") == opened(home).digest("a.top")


def test_what_was_found_is_kept_until_a_file_changes(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "SETTLED_NS", 0)
    kept = tmp_path / "cache" / "sources.json"
    first = opened(home, kept)
    digest = first.digest("a.top")
    first.write()
    read: list[bytes] = []

    def counted(text, package, packages, real=sources.read_source):
        read.append(text)
        return real(text, package, packages)

    monkeypatch.setattr(sources, "read_source", counted)
    assert opened(home, kept).digest("a.top") == digest
    assert read == []
    times = (home / "a/late.py").stat()
    (home / "a/late.py").write_text("#")
    (home / "a/late.py").write_text("")
    os.utime(home / "a/late.py", ns=(times.st_atime_ns, times.st_mtime_ns))  # as if untouched
    assert opened(home, kept).digest("a.top") == digest
    assert read == [b""]


@pytest.mark.parametrize("damage", [b"", b"[", b"[1, 2]", b'["other reader", {}]', b"\xff\x00"])
def test_a_damaged_file_of_what_was_found_is_made_again(home: Path, damage: bytes) -> None:
    kept = home / "sources.json"
    kept.write_bytes(damage)
    digest = opened(home).digest("a.top")
    found = opened(home, kept)
    assert found.digest("a.top") == digest


def test_a_folder_that_cannot_be_written_costs_only_time(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "SETTLED_NS", 0)
    (home / "in_the_way").write_text("")
    found = opened(home, home / "in_the_way" / "sources.json")
    assert found.digest("a.top") == opened(home).digest("a.top")
    found.write()


def test_a_module_that_is_not_there_is_no_quiet_digest(home: Path) -> None:
    with pytest.raises(AssertionError, match=r"a\.missing: not below"):
        opened(home).digest("a.missing")

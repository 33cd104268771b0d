"""What `make test-full SLICE=...` does first: tell the state, or refuse an unknown slice."""

from __future__ import annotations

import contextlib
import io
import sys

import pytest

from tests.full.slices import chosen, read_record, slices_of, state
from tests.seconds import recorded


class Collected:
    """The plugin that keeps the names of the tests."""

    names: tuple[str, ...] = ()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Those that are marked `full`."""
        self.names = tuple(item.nodeid for item in session.items)


def main(asked: str) -> int:
    """Exit status: 0, or 2 if there is no such slice."""
    found = Collected()
    with contextlib.redirect_stdout(io.StringIO()) as told:
        status = pytest.main(["-m", "full", "-n", "0", "--collect-only", "-q"], plugins=[found])
    assert status == pytest.ExitCode.OK, told.getvalue()
    slices = slices_of(found.names, recorded())
    if asked == "state":
        print("\n".join(state(slices, read_record())))
        return 0
    try:
        chosen(slices, asked)
    except pytest.UsageError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

"""The record of sweeps: SQLite, one row for each finished design.

A row is found by a key of all that decides it: the design, the network, the technology, the pass,
and the code that evaluates them. So a record serves every sweep; what has changed is evaluated
again, and older rows stay.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from bitsim.digest import code_digest, foreign
from bitsim.errors import BitsimError, shown_path
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.base import Spec
from bitsim.sweeps.designs import Sweep
from bitsim.sweeps.evaluate import Evaluation, Refusal

SCHEMA = """
CREATE TABLE IF NOT EXISTS outcomes (
    key TEXT PRIMARY KEY,
    design INTEGER, -- number in the sweep that was run last; NULL if it is not in it
    settings TEXT NOT NULL,
    refused TEXT,
    cycles INTEGER,
    seconds REAL,
    tokens_per_s REAL,
    energy_j_per_token REAL,
    area_mm2 REAL,
    details TEXT,
    checksum TEXT NOT NULL -- of all but `key` and `design`
) STRICT, WITHOUT ROWID
"""
COLUMNS = (
    "key, design, settings, refused, cycles, seconds, tokens_per_s, energy_j_per_token, area_mm2, "
    "details, checksum"
)
BUSY_S = 60.0  # for another process to finish writing a row
FOR_PEOPLE = {"name", "note"}  # of a spec; they change nothing that is evaluated


class Store:
    """The rows of one sweep's designs.

    Rows are written in the order of the designs, so a file's content does not depend on who is
    fast. What is in it survives a kill at any moment (WAL); a row is there whole or not at all.
    Two processes may write at once: what they evaluate is the same.
    """

    def __init__(self, connection: sqlite3.Connection, sweep: Sweep) -> None:
        self._connection = connection
        self._sweep = sweep
        self._decided = _Decided(sweep)
        self.damaged = 0  # rows of this sweep that were found to be other than they were written

    def outcomes(self) -> dict[int, Evaluation | Refusal]:
        """Every design of the sweep that is finished, by its number."""
        read = self._connection.execute(f"SELECT {COLUMNS} FROM outcomes")
        rows = {key: values for key, _, *values in read}
        found: dict[int, Evaluation | Refusal] = {}
        places = []
        for index in range(self._sweep.spec.count):
            for key in self._decided.keys(index):
                if key in rows:
                    *values, checksum = rows[key]
                    if checksum == _sha256(values):
                        found[index] = self._outcome(index, *values)
                        places.append((index, key))
                    else:
                        self.damaged += 1
        with self._connection:
            self._connection.execute("UPDATE outcomes SET design = NULL")
            self._connection.executemany("UPDATE outcomes SET design = ? WHERE key = ?", places)
        return found

    def add(self, outcome: Evaluation | Refusal) -> None:
        """One more, on disk when this returns."""
        evaluation, refusal = self._decided.keys(outcome.index)
        values: list[Any] = [json.dumps(outcome.settings)]
        if isinstance(outcome, Refusal):
            key = refusal
            values += [outcome.reason, *[None] * 6]
        else:
            key = evaluation
            real = (outcome.seconds, outcome.tokens_per_s, outcome.energy_j_per_token)
            values += [None, outcome.cycles, *map(float, real), float(outcome.total_area_mm2)]
            values.append(json.dumps(asdict(outcome)))
        row = (key, outcome.index, *values, _sha256(values))
        insert = f"INSERT OR REPLACE INTO outcomes ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?)"
        with self._connection:
            self._connection.execute(insert, row)

    def _outcome(
        self, index: int, _: str, refused: str | None, *values: Any
    ) -> Evaluation | Refusal:
        settings = self._sweep.spec.settings(index)
        if refused is not None:
            return Refusal(index, settings, refused)
        return replace(Evaluation(**json.loads(values[-1])), index=index, settings=settings)


class _Decided:
    """What decides the outcome of each design of a sweep."""

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep
        spec = sweep.spec
        self._base = [
            code_digest("bitsim.sweeps.evaluate"),
            foreign(*(getattr(sweep.accelerator, field) for field in AcceleratorSpec.model_fields)),
            [spec.stage, spec.batch, spec.context],
            _numbers(sweep.accelerator),
            _numbers(sweep.network),
        ]
        self._technologies = {name: _numbers(each) for name, each in sweep.technologies.items()}

    def keys(self, index: int) -> tuple[str, str]:
        """Keys of an evaluation and of a refusal; a refusal's reason names the design by number."""
        sweep = self._sweep
        settings = sweep.spec.settings(index)
        name = sweep.spec.technology or settings.get("technology", sweep.accelerator.technology)
        about = [*self._base, self._technologies[str(name)], json.dumps(settings)]
        named = [index, sweep.accelerator.name, sweep.network.name, name]
        return _sha256(about), _sha256([*about, named])


def _numbers(spec: Spec) -> str:
    """A digest of everything in a spec but words for people."""
    return _sha256(spec.model_dump(mode="json", exclude=FOR_PEOPLE))


def _sha256(what: Any) -> str:
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()


@contextmanager
def open_store(path: Path, sweep: Sweep) -> Iterator[Store]:
    """Open or make a record for this sweep; `BitsimError` if the file is none."""
    where = shown_path(path)
    connection = None
    try:
        connection = sqlite3.connect(path, timeout=BUSY_S)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        with connection:
            connection.execute(SCHEMA)
        yield Store(connection, sweep)
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            remedy = "another process is writing it; wait until that ends, or name another folder"
        else:
            remedy = "move it away, or name another folder"
        raise BitsimError(f"{where}: {error}; {remedy}") from None
    finally:
        if connection is not None:
            connection.close()

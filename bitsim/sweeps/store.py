"""The record of a sweep: SQLite, one row for each finished design."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bitsim.errors import BitsimError, shown_path
from bitsim.sweeps.designs import Sweep
from bitsim.sweeps.evaluate import Evaluation, Refusal

SCHEMA = """
CREATE TABLE sweep (name TEXT NOT NULL, digest TEXT NOT NULL, described TEXT NOT NULL) STRICT;
CREATE TABLE designs (
    design INTEGER PRIMARY KEY,
    settings TEXT NOT NULL,
    refused TEXT,
    cycles INTEGER,
    seconds REAL,
    tokens_per_s REAL,
    energy_j_per_token REAL,
    area_mm2 REAL,
    details TEXT
) STRICT;
"""


class Store:
    """Rows come in the order of the designs, so a file's content does not depend on who is fast.

    What is in it survives a kill at any moment (WAL); a row is there whole or not at all.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def outcomes(self) -> list[Evaluation | Refusal]:
        """Everything finished so far, by design."""
        rows = self._connection.execute(
            "SELECT design, settings, refused, details FROM designs ORDER BY design"
        )
        return [_outcome(*row) for row in rows]

    def add(self, outcome: Evaluation | Refusal) -> None:
        """One more, on disk when this returns."""
        settings = json.dumps(outcome.settings)
        if isinstance(outcome, Refusal):
            row: tuple[Any, ...] = (outcome.index, settings, outcome.reason, *[None] * 6)
        else:
            row = (
                outcome.index,
                settings,
                None,
                outcome.cycles,
                outcome.seconds,
                outcome.tokens_per_s,
                outcome.energy_j_per_token,
                outcome.total_area_mm2,
                json.dumps(asdict(outcome)),
            )
        with self._connection:
            self._connection.execute("INSERT INTO designs VALUES (?,?,?,?,?,?,?,?,?)", row)


@contextmanager
def open_store(path: Path, sweep: Sweep) -> Iterator[Store]:
    """Open or make the record of this sweep; `BitsimError` if the file is another one's."""
    where = shown_path(path)
    described = _described(sweep)
    digest = hashlib.sha256(described.encode()).hexdigest()
    connection = None
    try:
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        if not tables:
            with connection:
                for statement in SCHEMA.split(";"):
                    connection.execute(statement)
                connection.execute(
                    "INSERT INTO sweep VALUES (?,?,?)", (sweep.name, digest, described)
                )
        if tables and ({"sweep", "designs"} - tables or _digest(connection) != digest):
            raise BitsimError(
                f"{where}: holds results of something else (another sweep, or one of its files or "
                f"bitsim itself has changed since); move it away, or name another folder"
            )
        yield Store(connection)
    except sqlite3.Error as error:
        raise BitsimError(f"{where}: {error}; move it away, or name another folder") from None
    finally:
        if connection is not None:
            connection.close()


def _digest(connection: sqlite3.Connection) -> str | None:
    row = connection.execute("SELECT digest FROM sweep").fetchone()
    return None if row is None else str(row[0])


def _described(sweep: Sweep) -> str:
    """Everything that the results depend on."""
    return json.dumps(
        {
            "bitsim": version("bitsim"),
            "sweep": sweep.spec.model_dump(mode="json"),
            "accelerator": sweep.accelerator.model_dump(mode="json"),
            "network": sweep.network.model_dump(mode="json"),
            "technologies": {
                name: each.model_dump(mode="json") for name, each in sweep.technologies.items()
            },
        }
    )


def _outcome(
    index: int, settings: str, refused: str | None, details: str | None
) -> Evaluation | Refusal:
    if refused is not None:
        return Refusal(index, json.loads(settings), refused)
    assert details is not None, f"design {index} has neither result nor refusal"
    return Evaluation(**json.loads(details))

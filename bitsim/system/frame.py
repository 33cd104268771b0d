"""Records as a pandas table, for notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from bitsim.errors import BitsimError, shown
from bitsim.system.records import Record

if TYPE_CHECKING:
    from pandas import DataFrame

WITHOUT_PANDAS = (
    "frame(): needs pandas, which is not installed; in a checkout `make notebook` has it, or "
    "`pip install '.[notebook]'` there; without it, `result.records` has the same rows"
)


def frame(records: Sequence[Record], resource: str) -> DataFrame:
    """The records of one resource, a row each; `layer` is empty outside the layers."""
    try:
        import pandas
    except ModuleNotFoundError:
        raise BitsimError(WITHOUT_PANDAS) from None
    rows = [asdict(each) for each in records if each.resource == resource]
    if not rows:
        known = ", ".join(dict.fromkeys(each.resource for each in records))
        raise BitsimError(f"resource = {shown(resource)}: must be one of {known}")
    return pandas.DataFrame(rows).astype({"layer": "Int64"})

"""Frozen, checked descriptions, read from TOML; every fault is named."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from bitsim.errors import BitsimError, reason, shown, shown_path
from bitsim.spec.registry import OneOf

MAX_SPEC_BYTES = 1 << 18  # a description is a page of text; anything larger is a mistake
MAX_LINE_DOTS = 100  # tomllib takes time and depth by the square of a dotted key's parts
MAX_FAULTS = 50  # of one file that are named; a file of junk has thousands
QUOTED = re.compile(r"'(\w+)'")
BOUNDS = ("greater_than_equal", "less_than_equal", "string_pattern_mismatch", "string_too_long")

S = TypeVar("S", bound="Spec")


ShownName = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,128}$")]  # stays on one line


class Spec(BaseModel):
    """Base of every description: frozen, strict, finite numbers, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    def __hash__(self) -> int:
        """Of all values: some are dictionaries, which have no hash of their own."""
        return hash((type(self), self.model_dump_json()))

    def changed(self, settings: Mapping[str, Any], origin: str = "settings") -> Self:
        """A copy with other values of some fields, checked like the original.

        `settings` maps dotted names ("array.columns") to values; faults name `origin`.
        """
        table = self.model_dump()
        for path, value in settings.items():
            *outer, last = path.split(".")
            place = table
            for part in outer:
                place = place.setdefault(part, {})  # an unknown table is refused by the check
                if not isinstance(place, dict):
                    raise BitsimError(f"{origin}: {path}: {part} has no fields; name it alone")
            place[last] = value.item() if hasattr(value, "item") else value  # numpy's numbers
        return check(type(self), table, origin)


def read_text(path: Path, most_bytes: int = MAX_SPEC_BYTES) -> str:
    """The text of a small file; every way that fails is a `BitsimError` that names the file."""
    where = shown_path(path)
    try:
        if path.is_dir():
            raise BitsimError(f"{where}: is a folder; name a file in it")
        if path.exists() and not path.is_file():  # a pipe would wait, /dev/zero would not end
            raise BitsimError(f"{where}: is not a file with a size; name a file")
        size_bytes = path.stat().st_size
        if size_bytes > most_bytes:
            raise BitsimError(
                f"{where}: {size_bytes} bytes; such a file has at most {most_bytes}: check the path"
            )
        with path.open("rb") as file:
            return file.read(size_bytes).decode("utf-8")
    except FileNotFoundError:
        raise BitsimError(f"{where}: no such file; check the path, or see `bitsim list`") from None
    except UnicodeDecodeError as error:
        raise BitsimError(
            f"{where}: byte {error.start} is not UTF-8; save the file as UTF-8"
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        raise BitsimError(f"{where}: cannot be read ({reason(error)}); check the path") from None


def parse_toml(path: Path) -> dict[str, Any]:
    """The table of a TOML file, with faults of form as one-line errors."""
    where = shown_path(path)
    text = read_text(path)
    for number, line in enumerate(text.splitlines(), 1):
        if line.count(".") > MAX_LINE_DOTS:
            raise BitsimError(f"{where}: line {number}: more than {MAX_LINE_DOTS} dots; shorten it")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise BitsimError(f"{where}: nested too deeply; no description needs that") from None
    except ValueError as error:  # TOMLDecodeError, and an integer of thousands of digits
        raise BitsimError(f"{where}: not valid TOML: {error}; mend that line") from None


def check(
    kind: type[S],
    table: Mapping[str, Any],
    origin: str,
    field_names: Mapping[str, str] | None = None,
) -> S:
    """Make a spec from a table, or raise one `BitsimError` that lists every fault.

    origin       what the user knows the table by: a path, or the name of an option
    field_names  what the user's file calls a field, where that is not its name here
    """
    try:
        return kind.model_validate(_tuples(dict(table)))
    except ValidationError as error:
        faults = error.errors(include_url=False)
        names = field_names or {}
        lines = [_fault_line(kind, fault, origin, names) for fault in faults[:MAX_FAULTS]]
        if len(faults) > MAX_FAULTS:
            lines.append(f"{origin}: {len(faults) - MAX_FAULTS} more faults; mend these first")
        raise BitsimError("\n".join(dict.fromkeys(lines))) from None


def load(kind: type[S], path: Path) -> S:
    """Read a TOML file into a spec."""
    return check(kind, parse_toml(path), str(path))


def _tuples(value: Any) -> Any:
    """TOML and JSON know lists only; frozen specs hold tuples."""
    if isinstance(value, dict):
        return {key: _tuples(each) for key, each in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list | tuple) else value


def _fault_line(kind: type[Spec], fault: Any, origin: str, names: Mapping[str, str]) -> str:
    if fault["type"] in ("union_tag_not_found", "union_tag_invalid"):
        fault = _fault_of_tag(fault)
    location = _written(kind, tuple(part for part in fault["loc"] if part != "[key]"))
    location[:1] = [names.get(part, part) for part in location[:1]]
    field = ".".join(location) or "(whole file)"
    field = field if field.isprintable() and len(field) <= 120 else shown(field)
    message = fault["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    if fault["type"] == "extra_forbidden":
        near = difflib.get_close_matches(
            str(fault["loc"][-1])[:80], _fields(kind, fault["loc"][:-1]), 1
        )
        hint = f"did you mean '{near[0]}'?" if near else "remove it"
        return f"{origin}: {field}: unknown field; {hint}"
    if fault["loc"][-1:] == ("[key]",):
        near = difflib.get_close_matches(str(fault["input"])[:80], QUOTED.findall(message), 1)
        hint = f"did you mean '{near[0]}'?" if near else message
        return f"{origin}: {field}: unknown field; {hint}"
    if fault["type"] == "missing":
        return f"{origin}: {field}: missing; add it"
    if fault["type"] == "value_error" and isinstance(fault["input"], Mapping):
        return f"{origin}: {field}: {message}"  # a check over several fields names its values
    why = _why(kind, fault["loc"]) if fault["type"] in BOUNDS else ""
    return f"{origin}: {field} = {shown(fault['input'])}: {message}{why and f' ({why})'}"


def _fault_of_tag(fault: Any) -> Any:
    """A table that does not say which part it is, as a fault of the field that says it."""
    tag = fault["ctx"]["discriminator"].strip("'")
    place = {**fault, "loc": (*fault["loc"], tag)}
    if fault["type"] == "union_tag_not_found":
        if not isinstance(fault["input"], Mapping):
            return {**fault, "type": "dict_type", "msg": "Input should be a table"}
        if tag not in fault["input"]:
            return {**place, "type": "missing"}
        return {**place, "input": fault["input"][tag], "msg": "Input should be a name"}
    expected = fault["ctx"]["expected_tags"].split(", ")
    listed = " or ".join(filter(None, (", ".join(expected[:-1]), expected[-1])))
    return {**place, "input": fault["input"][tag], "msg": f"Input should be {listed}"}


def _written(kind: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Where a fault is in the file: pydantic puts the part's name after its table's."""
    return [
        str(part)
        for index, part in enumerate(location)
        if not _is_tag(kind, location[:index], part)
    ]


def _is_tag(kind: type[BaseModel], table: tuple[int | str, ...], part: int | str) -> bool:
    """Whether a word after a table's location is the name of a registered part, and no field."""
    if not table:
        return False
    return any(
        part in [entry.name for entry in parts.registry]
        for outer in _kinds(kind, table[:-1])
        if (field := outer.model_fields.get(str(table[-1]))) is not None
        if (parts := _one_of(field)) is not None
    )


def _why(kind: type[BaseModel], location: tuple[int | str, ...]) -> str:
    """The reason of a field's bounds: what follows the first semicolon of its description.

    A description without one says what the field is, and that is the reason.
    """
    for each in _kinds(kind, location[:-1]):
        field = each.model_fields.get(str(location[-1]))
        if field is not None and field.description:
            meaning, _, reason = field.description.partition("; ")
            return reason or meaning
    return ""


def _fields(kind: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Field names a table at `location` may have, for the spelling hint."""
    return [name for each in _kinds(kind, location) for name in each.model_fields]


def _kinds(kind: type[BaseModel], location: tuple[int | str, ...]) -> list[type[BaseModel]]:
    """What a table at `location` may be."""
    kinds: list[type[BaseModel]] = [kind]
    parts: OneOf | None = None
    for place in location:
        if parts is not None and place in [entry.name for entry in parts.registry]:
            kinds, parts = [parts.registry[str(place)].spec], None
            continue
        fields = [(each, each.model_fields.get(str(place))) for each in kinds]
        kinds = [
            model for each, field in fields for model in (_models_of(field) if field else [each])
        ]
        found = [_one_of(field) for _, field in fields if field]
        parts = found[0] if found else None
    return kinds


def _models_of(field: FieldInfo) -> list[type[BaseModel]]:
    """The models that a field's table may be: registered parts, or models of its annotation."""
    parts = _one_of(field)
    return _models(field.annotation) if parts is None else parts.specs


def _one_of(field: FieldInfo) -> OneOf | None:
    """Of a table of a registered part, be it one that may be missing."""
    optional = (getattr(each, "__metadata__", ()) for each in get_args(field.annotation))
    for metadata in (field.metadata, *optional):
        for each in metadata:
            if isinstance(each, OneOf):
                return each
    return None


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models(part)]

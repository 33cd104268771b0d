"""Every field of a file, from the schema that checks it: for `bitsim list fields` and the docs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.base import Spec
from bitsim.spec.board import BoardSpec
from bitsim.spec.checkpoint_source import CheckpointSource
from bitsim.spec.network import NetworkSpec
from bitsim.spec.sweep import SweepSpec
from bitsim.spec.technology import TechnologySpec

FILES: dict[str, type[Spec]] = {
    "accelerator": AcceleratorSpec,
    "network": NetworkSpec,
    "technology": TechnologySpec,
    "sweep": SweepSpec,
    "board": BoardSpec,
    "checkpoint": CheckpointSource,
}
UNITS = {  # by how a name ends, longer endings first; a bare name is a count
    "pj_per_bit": "pJ/bit",
    "gb_per_s": "GB/s",
    "per_cycle": "1/cycle",
    "beats": "beats",
    "bits": "bits",
    "bytes": "bytes",
    "cycles": "cycles",
    "words": "words",
    "baud": "bit/s",
    "mhz": "MHz",
    "nm": "nm",
    "ns": "ns",
    "pj": "pJ",
}
WORDS = {  # of a JSON Schema's types: one, several
    "array": ("list", "lists"),
    "boolean": ("true or false", "true or false"),
    "integer": ("integer", "integers"),
    "number": ("number", "numbers"),
    "object": ("table", "tables"),
    "string": ("text", "texts"),
}
ANY = ("value", "values")  # of several types
NAME = "NAME"  # in a path: a name of the user's own
Schema = dict[str, Any]


@dataclass(frozen=True)
class FieldLine:
    """One field of a file.

    path      with dots; `NAME` stands for a name of your own, `[]` for each of a list
    of        for a field of one kind of table alone, what such a table says: 'kind = "serial"'
    type      "integer", "number", "text", "table", what it can be word by word, or several of these
    bounds    what its values can be
    required  a file without it is refused
    default   as TOML writes it; None: there is none, what is not there is left out
    unit      of a number; empty: a count, a ratio, or no number
    meaning   what the field is; then, after a semicolon, why its bounds are what they are
    """

    path: str
    of: str
    type: str
    bounds: str
    required: bool
    default: str | None
    unit: str
    meaning: str


def fields(file: str) -> tuple[FieldLine, ...]:
    """Every field of a kind of file, one of `FILES`, in the order of its description."""
    schema = FILES[file].model_json_schema()
    return tuple(_Walk(schema.get("$defs", {})).table(schema, "", ""))


def summary(line: FieldLine) -> str:
    """Type, bounds, unit and default of a field, and of which kind of table it is, in one line."""
    values = f"{line.bounds or 'in'} {line.unit}" if line.unit else line.bounds
    parts = [line.type, values, f"of {line.of}" if line.of else ""]
    if not line.required:
        parts.append("may be left out" if line.default is None else f"default {line.default}")
    return ", ".join(filter(None, parts))


@dataclass(frozen=True)
class _Walk:
    """Goes through a JSON Schema as pydantic writes it, and follows references."""

    definitions: dict[str, Schema]

    def table(self, schema: Schema, path: str, of: str) -> Iterator[FieldLine]:
        """The fields of a table, each followed by those in it."""
        for name, each in schema.get("properties", {}).items():
            yield from self._field(name, each, f"{path}{name}", of, name in schema["required"])

    def _field(
        self, name: str, schema: Schema, path: str, of: str, required: bool
    ) -> Iterator[FieldLine]:
        inner = self._resolved(schema)
        line = FieldLine(
            path=path,
            of=of,
            type=self._type(inner),
            bounds=_bounds(inner),
            required=required,
            default=_default(schema, required),
            unit=_unit(name) if inner.get("type") in ("integer", "number") else "",
            meaning=next(filter(None, map(_meaning, (schema, inner, *self._each(inner)))), ""),
        )
        for tag, variant in self._variants(inner):
            meaning = line.meaning or _meaning(variant)
            yield replace(line, of=tag or of, meaning=meaning)
            yield from self._inside(variant, path, tag or of)

    def _inside(self, schema: Schema, path: str, of: str) -> Iterator[FieldLine]:
        """What is in a table, in each of a list, or under each name."""
        if "properties" in schema:
            yield from self.table(schema, f"{path}.", of)
        for each in self._each(schema):
            yield from self._inside(each, path + ("[]" if "items" in schema else f".{NAME}"), of)

    def _each(self, schema: Schema) -> list[Schema]:
        """What each of a list is, or what is under each name."""
        found = [schema.get("items"), schema.get("additionalProperties")]
        found += schema.get("patternProperties", {}).values()
        return [self._resolved(each) for each in found if isinstance(each, dict)]

    def _variants(self, schema: Schema) -> Iterator[tuple[str, Schema]]:
        """(what its tag says, schema) of each kind of a table; no tag where there is one kind."""
        if "discriminator" not in schema:
            yield "", schema
            return
        tag, kinds = schema["discriminator"]["propertyName"], schema["discriminator"]["mapping"]
        for value, reference in kinds.items():
            said = f'{tag} = "{value}"' if len(kinds) > 1 else ""
            yield said, self._resolved({"$ref": reference})

    def _resolved(self, schema: Schema) -> Schema:
        """Without references, and without the null of a field that may be missing."""
        if "$ref" in schema:
            return self.definitions[schema["$ref"].rpartition("/")[2]]
        choices = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
        return self._resolved(choices[0]) if len(choices) == 1 else schema

    def _type(self, schema: Schema, several: bool = False) -> str:
        if "const" in schema or "enum" in schema:
            return _listed([json.dumps(each) for each in schema.get("enum", [schema.get("const")])])
        word = (ANY if "anyOf" in schema else WORDS[schema.get("type", "object")])[several]
        inside = self._each(schema)
        return f"{word} of {self._type(inside[0], several=True)}" if inside else word


def _bounds(schema: Schema) -> str:
    found = []
    if "minimum" in schema and "maximum" in schema:
        found.append(f"{schema['minimum']} to {schema['maximum']}")
    elif "minimum" in schema:
        found.append(f"at least {schema['minimum']}")
    if "exclusiveMinimum" in schema:
        found.append(f"above {schema['exclusiveMinimum']}")
    if "exclusiveMaximum" in schema:
        found.append(f"below {schema['exclusiveMaximum']}")
    if "minLength" in schema:
        found.append(f"at least {schema['minLength']} characters")
    if "maxLength" in schema:
        found.append(f"at most {schema['maxLength']} characters")
    if "minItems" in schema:
        found.append("not empty")
    if "pattern" in schema:
        found.append(schema["pattern"])
    names = schema.get("propertyNames", {}).get("enum", ())
    if names:
        found.append(f"names {_listed(list(names))}")
    return ", ".join(found)


def _default(schema: Schema, required: bool) -> str | None:
    """As TOML writes it."""
    value = schema.get("default")
    return None if required or value in (None, [], {}) else json.dumps(value)


def _unit(name: str) -> str:
    ends = (unit for end, unit in UNITS.items() if name == end or name.endswith(f"_{end}"))
    return next(ends, "")


def _meaning(schema: Schema) -> str:
    """The description, of a class the first paragraph of its docstring, as one line."""
    return " ".join(schema.get("description", "").partition("\n\n")[0].split()).removesuffix(".")


def _listed(words: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))

"""Registries: one for each kind of part that a machine is made of, one entry for each part."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


class Entry(Protocol):
    """What every entry has."""

    @property
    def name(self) -> str:
        """What a file says."""
        ...


E = TypeVar("E", bound=Entry)


class Registry(Generic[E]):
    """The parts of one kind, by name.

    An entry names the model, the hardware and whatever else makes up its part by where each is,
    "package.module:attribute". So describing a machine imports none of these; `home` follows such
    a name. They are given as keywords, so that `bitsim.digest` knows which one a reader follows.
    """

    def __init__(self, *entries: E) -> None:
        self._entries = {entry.name: entry for entry in entries}
        self._followers: list[Callable[[], object]] = []

    def __getitem__(self, name: str) -> E:
        return self._entries[name]

    def __iter__(self) -> Iterator[E]:
        return iter(self._entries.values())

    def add(self, entry: E) -> None:
        """Register a further part, in this process."""
        assert entry.name not in self._entries, f"{entry.name} is registered already"
        self._entries[entry.name] = entry
        self._tell()

    @contextlib.contextmanager
    def with_entry(self, entry: E) -> Iterator[E]:
        """A further part for as long as the context lasts."""
        self.add(entry)
        try:
            yield entry
        finally:
            del self._entries[entry.name]
            self._tell()

    def follow(self, changed: Callable[[], object]) -> None:
        """Have `changed` called whenever a part comes or goes."""
        self._followers.append(changed)

    def _tell(self) -> None:
        for changed in self._followers:
            changed()


class OneOf:
    """Annotation of a field: a table of the part that its tag names.

    registry  of entries that have a `spec`: the class that checks the table
    tag       the field in which the table says which part it is
    """

    def __init__(self, registry: Registry[Any], tag: str) -> None:
        self.registry = registry
        self.tag = tag

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        choices = {entry.name: handler.generate_schema(entry.spec) for entry in self.registry}
        return core_schema.tagged_union_schema(choices, discriminator=self.tag)

    @property
    def specs(self) -> list[type[BaseModel]]:
        """The description of every part that the table may be."""
        return [entry.spec for entry in self.registry]


def home(place: Any) -> Any:
    """What an entry names as "package.module:attribute"; anything else is the thing itself."""
    if not isinstance(place, str):
        return place
    module, _, attribute = place.partition(":")
    return getattr(importlib.import_module(module), attribute)

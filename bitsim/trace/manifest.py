"""`trace.json`: what a trace holds, and a checksum over every byte of its files.

A trace is a folder:

    trace.json                 this; written last
    weights-00000.safetensors  U8 tensors of 2-bit codes, named by digest; each matrix once
    events-00000.safetensors   of event i: "i.activations" I8 (m, k), "i.scales" F32 (m,)

and as many further chunks of either kind as it takes.
"""

from __future__ import annotations

import hashlib
import json
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from bitsim.errors import BitsimError, shown, shown_path
from bitsim.files import strict_json
from bitsim.spec import base
from bitsim.spec.base import Spec
from bitsim.spec.network import NetworkSpec

FILE_NAME = "trace.json"
FORMAT: Final = "bitsim trace"
VERSION: Final = 1
MAX_EVENTS = 200_000  # 1,600 tokens of the 2B model; keeps a manifest below its own limit
MAX_BYTES = 10_000_000
MAX_VALUES = 1 << 20  # an event has three
_UNSIGNED = "0" * 64  # in place of the manifest's own checksum while it is computed

Index = Annotated[int, Field(ge=0)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.]{0,255}$")]


class TracePass(Spec):
    """One walk through the network: `m` tokens, the first at position `context`."""

    m: PositiveInt
    context: Index


class MatrixEntry(Spec):
    """A ternary matrix; its codes are the tensor `digest` of chunk `chunk`."""

    name: Name
    n: PositiveInt
    k: PositiveInt
    scale: PositiveFloat
    digest: Sha256
    chunk: Index


class ProductEntry(Spec):
    """What an event's name stands for: the matrices, in the order of their rows."""

    name: Name
    matrices: tuple[Index, ...] = Field(min_length=1)


class WeightChunk(Spec):
    """One file of weights."""

    file: str
    bytes: Index
    sha256: Sha256


class EventChunk(WeightChunk):
    """One file of events: pass and product of each."""

    events: tuple[tuple[Index, Index], ...]


class Manifest(Spec):
    """Everything but the tensors."""

    format: Literal["bitsim trace"]
    version: Literal[1]
    bitsim: str  # version that wrote it
    command: str
    seed: int | None
    network: NetworkSpec
    passes: tuple[TracePass, ...]
    matrices: tuple[MatrixEntry, ...]
    products: tuple[ProductEntry, ...]
    weight_chunks: tuple[WeightChunk, ...]
    event_chunks: tuple[EventChunk, ...]

    @model_validator(mode="after")
    def _refers_to_what_is_there(self) -> Self:
        for kind, chunks in (("weights", self.weight_chunks), ("events", self.event_chunks)):
            for number, chunk in enumerate(chunks):
                if chunk.file != chunk_name(kind, number):
                    raise ValueError(
                        f"{kind} file {chunk.file[:60]!r}: must be {chunk_name(kind, number)}"
                    )
        self._refers("chunk", (each.chunk for each in self.matrices), len(self.weight_chunks))
        for product in self.products:
            self._refers("matrix", product.matrices, len(self.matrices))
            if len({self.matrices[index].k for index in product.matrices}) > 1:
                raise ValueError(f"product {product.name}: its matrices differ in k")
        events = [event for chunk in self.event_chunks for event in chunk.events]
        self._refers("pass", (index for index, _ in events), len(self.passes))
        self._refers("product", (index for _, index in events), len(self.products))
        if len(events) > MAX_EVENTS:
            raise ValueError(f"{len(events)} events: at most {MAX_EVENTS}")
        if any(later < earlier for (earlier, _), (later, _) in pairwise(events)):
            raise ValueError("events: a pass comes after a later one")
        return self

    @staticmethod
    def _refers(what: str, indices: Any, count: int) -> None:
        beyond = next((index for index in indices if index >= count), None)
        if beyond is not None:
            raise ValueError(f"{what} {beyond} is named, there are {count}")


def chunk_name(kind: str, number: int) -> str:
    """File name of a chunk."""
    return f"{kind}-{number:05d}.safetensors"


def render(manifest: Manifest) -> bytes:
    """The file: one line for each entry of a list, and its own checksum as the last field."""
    lines = []
    for key, value in manifest.model_dump(mode="json").items():
        if isinstance(value, list) and value:
            lines.append(f"{_json(key)}: [\n" + ",\n".join(map(_json, value)) + "\n]")
        else:
            lines.append(f"{_json(key)}: {_json(value)}")
    lines.append(f'"sha256": "{_UNSIGNED}"')
    text = ("{\n" + ",\n".join(lines) + "\n}\n").encode()
    assert len(text) <= MAX_BYTES, "MAX_EVENTS keeps a manifest below its limit"
    before, _, after = text.rpartition(_UNSIGNED.encode())
    return before + hashlib.sha256(text).hexdigest().encode() + after


def read(path: Path) -> Manifest:
    """Read a manifest: checksum first, then version, then everything it says."""
    text = base.read_text(path, MAX_BYTES)
    try:
        table = strict_json.parse(text, MAX_VALUES)
    except ValueError as error:
        raise _damaged(path, f"not plain JSON: {error}") from None
    if not isinstance(table, dict) or table.get("format") != FORMAT:
        raise _damaged(path, f"format: must be {FORMAT!r}")
    version = table.get("version")
    if type(version) is not int:  # true would pass for 1
        raise _damaged(path, f"version = {shown(version)}: must be a whole number")
    if version > VERSION:
        raise BitsimError(
            f"{path}: version = {shown(version)}: written by a later bitsim; this one reads "
            f"up to version {VERSION}: update bitsim"
        )
    claimed = table.pop("sha256", None)
    # The checksum covers the file as it is, so that it leaves no byte out.
    if not isinstance(claimed, str) or len(claimed) != 64 or text.count(claimed) != 1:
        raise _damaged(path, "sha256: the manifest's own checksum is missing")
    actual = hashlib.sha256(text.replace(claimed, _UNSIGNED).encode()).hexdigest()
    if actual != claimed:
        raise _damaged(path, f"sha256 = {shown(claimed)}, but the file's is {actual}")
    return base.check(Manifest, table, str(path))


def _damaged(path: Path, text: str) -> BitsimError:
    return BitsimError(f"{shown_path(path)}: {text}; copy or record the trace again")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)

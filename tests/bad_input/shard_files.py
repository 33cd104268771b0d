"""Checkpoint folders whose shards or index (model.safetensors.index.json) have a fault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import cycle
from typing import Any

from tests.bad_input.bad_file import BadFile
from tests.bad_input.good_checkpoint import (
    COMMANDS,
    EMBEDDING,
    NAN,
    NORM,
    WEIGHTS,
    Q,
    Tensors,
    bf16,
    good_folder,
    parts,
    safetensors,
    tensors,
)

INDEX = f"{WEIGHTS}.index.json"
FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
MOST_BYTES = 4_000_000  # of an index, and of the headers of all its shards

Files = dict[str, bytes]


def split(content: Tensors) -> tuple[Tensors, Tensors]:
    """In two, in their order."""
    names = list(content)
    half = len(names) // 2
    return {n: content[n] for n in names[:half]}, {n: content[n] for n in names[half:]}


def index(homes: Any, **more: Any) -> bytes:
    """An index of any map, right or wrong."""
    return json.dumps({"metadata": {"total_size": 1}, "weight_map": homes} | more).encode()


def sharded(first: Tensors, second: Tensors, homes: Any = None) -> Files:
    """A folder of two shards; `homes` in place of the right map."""
    right = dict.fromkeys(first, FIRST) | dict.fromkeys(second, SECOND)
    files = {name: content for name, content in good_folder().items() if name != WEIGHTS}
    return files | {
        FIRST: safetensors(*parts(first)),
        SECOND: safetensors(*parts(second)),
        INDEX: index(right if homes is None else homes),
    }


def good_shards() -> Files:
    """The folder that the faults are put into."""
    return sharded(*split(tensors()))


def bad_shards() -> Iterator[BadFile]:
    """All of them."""
    argv = cycle(COMMANDS)
    for name, content, says in (*_texts(), *_maps()):
        yield BadFile("shards", name, good_shards() | {INDEX: content}, INDEX, next(argv), says)
    for name, files, blamed, says in _shards():
        yield BadFile("shards", name, files, blamed, next(argv), says)


def _texts() -> Iterator[tuple[str, bytes, str]]:
    good = good_shards()[INDEX]
    yield "the index is empty", b"", "not plain JSON"
    yield "the index is cut", good[:-1], "not plain JSON"
    yield "the index is not UTF-8", b'{"\xff": 1}', "byte 2 is not UTF-8"
    yield "the index is a list", b"[]", "weight_map: must be there and map tensors to files"
    yield "the index is nested", b'{"weight_map": ' + b"[" * 200_000, "nested too deeply"
    yield "the index is too large", b" " * (MOST_BYTES + 1), "4000001 bytes; such a file has at"
    twice = good.replace(b'"weight_map": {', b'"weight_map": {"%s": "", ' % NORM.encode())
    yield "the index has a tensor twice", twice, f"key '{NORM}' twice in one object"
    maps = good.replace(b'{"metadata"', b'{"weight_map": {}, "metadata"')
    yield "the index has two maps", maps, "key 'weight_map' twice in one object"
    yield "the index has no map", b'{"metadata": {}}', "weight_map: must be there"
    half = b'{"weight_map": {"\\ud800": "a.safetensors"}}'
    yield "the index has half a character", half, "that is not a character"


def _maps() -> Iterator[tuple[str, bytes, str]]:
    for word, homes in (("a list", [EMBEDDING]), ("null", None), ("a string", FIRST)):
        yield f"the map is {word}", index(homes), "weight_map: must be there and map"
    yield "the map is empty", index({}), "weight_map = {}: lists no tensors"
    for file in (
        f"../{FIRST}",
        f"/tmp/{FIRST}",
        f"a/{FIRST}",
        f"..\\{FIRST}",
        f"{FIRST}\0.safetensors",
        f"\x1b[2J{FIRST}",
        "x" * 10_000 + ".safetensors",
        "pytorch_model.bin",
        "..",
        "",
    ):
        homes = dict.fromkeys(tensors(), file)
        yield f"a shard is named {file[:24]!r}", index(homes), "must be a name of at most 255"
    for word, file in (("a number", 1), ("null", None), ("a list", [FIRST])):
        homes = dict.fromkeys(tensors(), FIRST) | {NORM: file}
        yield f"a shard is {word}", index(homes), f"tensor '{NORM}' in {file!r}: must be a name"
    many = {f"t{number}": f"{number}.safetensors" for number in range(100_000)}
    yield "there are 100,000 shards", index(many), "names 100000 files, of at most 512"
    long = {
        f"model.layers.{n}.norm": f"model-{n:06d}-of-100000.safetensors" for n in range(100_000)
    }
    yield "there are 100,000 shards with long names", index(long), "such a file has at most"


def _shards() -> Iterator[tuple[str, Files, str, str]]:
    first, second = split(tensors())
    good = good_shards()
    right = json.loads(good[INDEX])["weight_map"]
    for file in (FIRST, SECOND):
        left = {name: content for name, content in good.items() if name != file}
        yield f"there is no {file}", left, file, "no such file; check the path"
    folder = {name: content for name, content in good.items() if name != SECOND}
    folder |= {f"{SECOND}/a": b""}
    yield "a shard is a folder", folder, SECOND, "is a folder; name a safetensors file"
    cut = good | {SECOND: good[SECOND][:-1]}
    yield "a shard is cut", cut, SECOND, "must rise and stay in"
    yield "a shard is empty", good | {SECOND: b""}, SECOND, "shorter than the 8 bytes"
    ghost = sharded(first, second, right | {"ghost": FIRST})
    yield "a shard lacks a tensor", ghost, INDEX, f"tensor 'ghost' is not in '{FIRST}'"
    wrong = sharded(first, second, right | {EMBEDDING: SECOND})
    says = f"tensor '{EMBEDDING}': {INDEX} has it in '{SECOND}'"
    yield "a tensor is in another shard", wrong, FIRST, says
    left = {name: file for name, file in right.items() if name != Q + ".weight"}
    unlisted = sharded(first, second, left)
    home = right[Q + ".weight"]
    says = f"tensor '{Q}.weight': {INDEX} does not list it"
    yield "a tensor is not in the index", unlisted, home, says
    twice = sharded(first, second | {EMBEDDING: first[EMBEDDING]}, right)
    says = f"tensor '{EMBEDDING}': {INDEX} has it in '{FIRST}'"
    yield "a tensor is in two shards", twice, SECOND, says
    fewer = {name: content for name, content in second.items() if "down_proj" not in name}
    down = "model.layers.0.mlp.down_proj.weight"
    yield "no shard has a tensor", sharded(first, fewer), INDEX, f"tensor '{down}' is missing; use"
    bias = {f"{Q}.bias": ("BF16", [16], bf16(16))}
    more = sharded(first, second | bias)
    yield "a shard has a tensor more", more, SECOND, f"tensor '{Q}.bias' is none of this network's"
    nan = {EMBEDDING: (*first[EMBEDDING][:2], bf16(191) + bf16(1, NAN))}
    files = sharded(first | nan, second)
    yield "a shard has a NaN", files, FIRST, f"tensor '{EMBEDDING}' has values that are not finite"
    header, data = parts(first)
    padded = json.dumps(header).encode().ljust(MOST_BYTES)
    large = good | {FIRST: safetensors(padded, data)}
    yield "the headers are large together", large, SECOND, "use fewer tensors"

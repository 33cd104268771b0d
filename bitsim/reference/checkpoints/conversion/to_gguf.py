"""To a GGUF file, I2_S or TQ2_0, every value exactly.

Keys: microsoft/BitNet, utils/convert-hf-to-gguf-bitnet.py, and those of its published file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bitsim.errors import BitsimError, shown_path
from bitsim.reference.checkpoints.checkpoint import (
    FINAL_NORM,
    Checkpoint,
    gain_names,
    modules,
    table_names,
)
from bitsim.reference.checkpoints.conversion.survey import Survey, chunks, pieces
from bitsim.reference.checkpoints.gguf import encode as gguf_encode
from bitsim.reference.checkpoints.gguf import names as gguf_names
from bitsim.reference.checkpoints.gguf.header import TYPES
from bitsim.reference.checkpoints.gguf.writer import ALIGNMENT, GgufPlan, PromisedTensor, Value
from bitsim.reference.tables import Table
from bitsim.spec.network import NetworkSpec

ARCHITECTURE = gguf_names.ARCHITECTURES[0]
FILE_TYPES = {"I2_S": 40, "TQ2_0": 37}  # `llama_ftype` of bitnet.cpp and of llama.cpp
QUANTIZATION_VERSION = 2  # GGML_QNT_VERSION
TQ2_0_BLOCK = next(each.block for each in TYPES.values() if each.name == "TQ2_0")
I2_S_BLOCK = next(each.block for each in TYPES.values() if each.name == "I2_S")

Tensors = Iterator[tuple[str, Iterator[NDArray[np.uint8]]]]


def require_name(out: Path) -> None:
    """`BitsimError` if the loader would not take the file for a GGUF file."""
    if out.suffix != ".gguf":
        raise BitsimError(f"{shown_path(out)}: a GGUF file is known by its name; let it end .gguf")


def plan_gguf(
    weights: Checkpoint, out: Path, kind: str, f16: bool, keys: Mapping[str, Value]
) -> tuple[GgufPlan, list[str], int]:
    """What will be written, what a person should know of it, and how many values are rounded.

    kind  I2_S or TQ2_0
    f16   embedding and head as F16, rounded to nearest, instead of in the source's own form
    """
    spec = weights.spec
    notes = []
    if kind == "I2_S" and any(product.k % I2_S_BLOCK for product in spec.products(0)):
        notes.append(f"bitnet.cpp computes rows of whole blocks of {I2_S_BLOCK} weights only")
    if not spec.tied_head:  # llama.cpp of microsoft/BitNet, `build_bitnet_158`
        notes.append("bitnet.cpp takes the embedding as head too, and leaves output.weight unread")
    rounded = 0
    if f16:
        rounded = sum(f16_changes(name, weights.table(name)) for name in table_names(spec))
        notes.append(f"{rounded} values of embedding and head are changed by rounding to F16")
    tables = {name: "F16" if f16 else weights.stored(name)[0] for name in table_names(spec)}
    promised = promised_tensors(spec, kind, tables)
    return GgufPlan(out, keys, promised), notes, rounded


def require_blocks(spec: NetworkSpec, kind: str) -> None:
    """`BitsimError` if a matrix does not fill whole blocks of I2_S or TQ2_0."""
    for name, rows, k in modules(spec, 0):
        tensor = gguf_names.matrix_name(name)
        if kind == "TQ2_0" and k % TQ2_0_BLOCK:
            raise BitsimError(
                f"{spec.name}: {tensor}: rows of {k} weights are not whole blocks of "
                f"{TQ2_0_BLOCK}, as TQ2_0 needs; convert to i2_s"
            )
        if kind == "I2_S" and (rows * k % I2_S_BLOCK or k % 4):
            raise BitsimError(
                f"{spec.name}: {tensor}: {rows} x {k} weights are not whole blocks of "
                f"{I2_S_BLOCK} in rows of whole bytes, as I2_S needs; convert to safetensors"
            )


def gguf_tensors(weights: Checkpoint, survey: Survey, kind: str, f16: bool) -> Tensors:
    """As `plan_gguf` promises them, one after the other."""
    spec = weights.spec
    for name in table_names(spec):
        table = _f16_pieces(weights.table(name)) if f16 else pieces(weights.stored(name)[1])
        yield gguf_names.float_name(name), _released(table, weights, name)
    yield gguf_names.FINAL_NORM, _gains(weights, FINAL_NORM)
    encode = gguf_encode.i2_s if kind == "I2_S" else gguf_encode.tq2_0
    for layer in range(spec.layers):
        for name, _ in gain_names(spec, layer):
            yield gguf_names.float_name(name), _gains(weights, name)
        for name, rows, k in modules(spec, layer):
            packed = weights.matrix(name, rows, k).packed
            yield gguf_names.matrix_name(name), iter([encode(packed, survey.scales[name])])


def f16_changes(name: str, table: Table) -> int:
    """How many values F16 does not hold; `BitsimError` if one is beyond its range."""
    changed = 0
    for values in chunks(table):
        largest = float(np.abs(values).max())
        if largest > gguf_encode.LARGEST_F16:
            raise BitsimError(
                f"{name}: has the value {largest:g}, and F16 ends at {gguf_encode.LARGEST_F16:g}; "
                f"convert without --embedding f16"
            )
        changed += int(np.count_nonzero(values.astype(np.float16).astype(np.float32) != values))
    return changed


def require_f16_scale(name: str, scale: float) -> None:
    """`BitsimError` if TQ2_0 does not hold the scale of a module."""
    if not gguf_encode.holds_f16(scale):
        raise BitsimError(
            f"{gguf_names.matrix_name(name)}: its scale {scale!r} is no number of F16, which "
            f"TQ2_0 has; convert to i2_s, whose scale is F32"
        )


def all_keys(spec: NetworkSpec, kind: str, tokenizer: Mapping[str, Value]) -> dict[str, Value]:
    """The keys that loaders ask for; `BitsimError` if GGUF does not hold a value.

    tokenizer  its keys, of which bos, eos and eot are left out for the network's own
    """
    if not 1 <= len(spec.eos_ids) <= 2:
        raise BitsimError(
            f"{spec.name}: eos_token_id has {len(spec.eos_ids)} ids, GGUF has 1 or 2 (eos, eot); "
            f"name as many"
        )
    keys: dict[str, Value] = {
        "general.architecture": ARCHITECTURE,
        "general.name": spec.name,
        "general.file_type": np.uint32(FILE_TYPES[kind]),
        "general.quantization_version": np.uint32(QUANTIZATION_VERSION),
        "general.alignment": np.uint32(ALIGNMENT),
        f"{ARCHITECTURE}.vocab_size": np.uint32(spec.vocab_size),
        f"{ARCHITECTURE}.rope.dimension_count": np.uint32(spec.head_dim),
    }
    for field, key in gguf_names.INTEGERS.items():
        keys[f"{ARCHITECTURE}.{key}"] = np.uint32(getattr(spec, field))
    for field, key in gguf_names.NUMBERS.items():
        keys[f"{ARCHITECTURE}.{key}"] = _f32(spec, field)
    ids = (spec.bos_id, *spec.eos_ids)
    keys |= {key: np.uint32(token) for key, token in zip(gguf_names.IDS, ids, strict=False)}
    return keys | {key: each for key, each in tokenizer.items() if key not in gguf_names.IDS}


def _f32(spec: NetworkSpec, field: str) -> np.float32:
    """A number that the loader reads back as the same: the shortest decimal of its f32."""
    value: float = getattr(spec, field)
    kept = np.float32(value)
    if float(str(kept)) != value:
        raise BitsimError(
            f"{spec.name}: {field} = {value!r}: GGUF holds it as the f32 {kept}; round it in "
            f"config.json"
        )
    return kept


def promised_tensors(
    spec: NetworkSpec, kind: str, tables: Mapping[str, str]
) -> dict[str, PromisedTensor]:
    """Every tensor in the order of the file: 332 for the 2B model.

    kind    of the ternary ones
    tables  by Hugging Face's name, kind of embedding and head
    """
    promised = {}
    for name, table_kind in tables.items():
        shape = (spec.vocab_size, spec.hidden_size)
        promised[gguf_names.float_name(name)] = PromisedTensor(table_kind, shape)
    promised[gguf_names.FINAL_NORM] = PromisedTensor("F32", (spec.hidden_size,))
    for layer in range(spec.layers):
        for name, width in gain_names(spec, layer):
            promised[gguf_names.float_name(name)] = PromisedTensor("F32", (width,))
        for name, rows, k in modules(spec, layer):
            promised[gguf_names.matrix_name(name)] = PromisedTensor(kind, (rows, k))
    return promised


def _gains(weights: Checkpoint, name: str) -> Iterator[NDArray[np.uint8]]:
    yield np.ascontiguousarray(weights.gains(name), "<f4").view(np.uint8)


def _released(
    parts: Iterator[NDArray[np.uint8]], weights: Checkpoint, name: str
) -> Iterator[NDArray[np.uint8]]:
    for part in parts:
        yield part
        weights.release(name)


def _f16_pieces(table: Table) -> Iterator[NDArray[np.uint8]]:
    for values in chunks(table):
        yield values.astype("<f2").reshape(-1).view(np.uint8)

"""Checkpoint folders whose config.json and tensors do not make a network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import cycle
from typing import Any

from tests.bad_input.bad_file import BadFile
from tests.bad_input.good_checkpoint import (
    COMMANDS,
    CONFIG,
    DENORMAL,
    EMBEDDING,
    HIDDEN,
    INFINITY,
    MINUS_ONE,
    NAN,
    NORM,
    ONLINE,
    VOCAB,
    WEIGHTS,
    Q,
    Tensors,
    bf16,
    changed,
    good_folder,
    masters,
    parts,
    safetensors,
    tensors,
)

Fault = tuple[str, bytes, str]  # a sentence, the file, what must be said of it


def bad_checkpoints() -> Iterator[BadFile]:
    """All of them."""
    argv = cycle(COMMANDS)
    for name, content, says in (*_tensors(), *_values()):
        files = good_folder() | {WEIGHTS: content}
        yield BadFile("checkpoint", name, files, WEIGHTS, next(argv), says)
    for file in ("config.json", WEIGHTS):
        left = {name: content for name, content in good_folder().items() if name != file}
        yield BadFile("checkpoint", f"there is no {file}", left, file, next(argv), "no such file")
        folder = left | {f"{file}/a": b""}
        name = f"{file} is a folder"
        yield BadFile("checkpoint", name, folder, file, next(argv), "is a folder; name a")
    yield from _of_other_modes()


def _tensors() -> Iterator[Fault]:
    for name in tensors():
        left = {each: value for each, value in tensors().items() if each != name}
        content = safetensors(*parts(left))
        yield f"there is no {name}", content, f"tensor '{name}' is missing; use"
    says = "tensor '../../x' is none of this network's; remove it"
    yield "there is a tensor more", changed("../../x", "U8", [1], b"\0"), says
    bias = changed(f"{Q}.bias", "BF16", [16], bf16(16))
    yield "there is a bias", bias, f"tensor '{Q}.bias' is none of this network's"
    layer = changed("model.layers.1.input_layernorm.weight", "BF16", [16], bf16(16))
    yield "there is a layer more", layer, "'model.layers.1.input_layernorm.weight' is none"
    across = changed(f"{Q}.weight", "U8", [16, 4], b"\x55" * 64)
    yield "a packed matrix is transposed", across, "(transposed?), config.json asks for [4, 16]"
    across = changed(EMBEDDING, "BF16", [HIDDEN, VOCAB], bf16(VOCAB * HIDDEN))
    yield "the embedding is transposed", across, "(transposed?), config.json asks for [12, 16]"
    flat = changed(f"{Q}.weight", "U8", [64], b"\x55" * 64)
    yield "a packed matrix is flat", flat, f"'{Q}.weight' shape is [64], config.json asks for"
    unpacked = changed(f"{Q}.weight", "U8", [16, 16], b"\1" * 256)
    yield "a matrix is not packed", unpacked, f"'{Q}.weight' shape is [16, 16], config.json"
    yield "a gain is of another network", changed(NORM, "BF16", [8], bf16(8)), "shape is [8]"
    yield "a gain is F64", changed(NORM, "F64", [16], bytes(128)), "dtype is F64, config.json asks"
    signed = changed(f"{Q}.weight", "I8", [4, 16], bytes(64))
    yield "a packed matrix is I8", signed, "dtype is I8, config.json asks for U8"
    master = changed(f"{Q}.weight", "BF16", [16, 16], bf16(256))
    yield "a packed matrix is a master", master, "dtype is BF16, config.json asks for U8"
    more = changed(EMBEDDING, "BF16", [VOCAB + 1, HIDDEN], bf16((VOCAB + 1) * HIDDEN))
    yield "the embedding has a row more", more, "shape is [13, 16], config.json asks for [12, 16]"
    scalar = changed(f"{Q}.weight_scale", "BF16", [], bf16(1))
    yield "a scale is a scalar", scalar, f"'{Q}.weight_scale' shape is [], config.json asks"
    rows = changed(f"{Q}.weight_scale", "BF16", [16], bf16(16))
    yield "there is a scale for each row", rows, f"'{Q}.weight_scale' shape is [16]"


SCALES = (
    ("NaN", NAN, "nan"),
    ("infinite", INFINITY, "inf"),
    ("infinite below 0", 0xFF80, "-inf"),
    ("zero", 0, "0"),
    ("minus zero", 0x8000, "-0"),
    ("negative", MINUS_ONE, "-1"),
    ("denormal", DENORMAL, "9.18355e-41"),
    ("the largest denormal", 0x007F, "1.16631e-38"),
)


def _values() -> Iterator[Fault]:
    scale = f"{Q}.weight_scale"
    for word, value, shown in SCALES:
        says = f"tensor '{scale}' is {shown}; a scale is a finite number above 0"
        yield f"a scale is {word}", changed(scale, "BF16", [1], bf16(1, value)), says
    for byte in (0x57, 0x5D, 0x75, 0xD5):
        content = changed(f"{Q}.weight", "U8", [4, 16], b"\x55" * 63 + bytes([byte]))
        says = f"tensor '{Q}.weight' has the reserved code 3 in 1 places"
        yield f"the reserved code 3 is in byte {byte:#x}", content, says
    content = changed(f"{Q}.weight", "U8", [4, 16], b"\xff" * 64)
    yield "every code is the reserved one", content, "has the reserved code 3 in 256 places"
    for name, count in ((NORM, 16), (EMBEDDING, VOCAB * HIDDEN)):
        for word, value in (("NaN", NAN), ("infinite", INFINITY)):
            _, shape, _ = tensors()[name]
            content = changed(name, "BF16", shape, bf16(count - 1) + bf16(1, value))
            says = f"tensor '{name}' has values that are not finite"
            yield f"a value of {name} is {word}", content, says


def _of_other_modes() -> Iterator[BadFile]:
    """Masters, files of older layers, shapes that a packed file cannot have."""
    quantization = CONFIG["quantization_config"]
    assert isinstance(quantization, dict)
    online = ONLINE["quantization_config"]
    older = quantization | {"linear_class": "bitlinear"}
    cases: list[tuple[str, dict[str, Any], Tensors, str]] = [
        (
            "packed weights are said to be a master",
            {"quantization_config": online},
            tensors(),
            f"'{Q}.weight_scale' is none of this network's",
        ),
        (
            "a master is said to be packed",
            {},
            masters(),
            f"tensor '{Q}.weight_scale' is missing",
        ),
        (
            "packed rows are no multiple of 4",
            {"num_key_value_heads": 1, "hidden_size": 24, "num_attention_heads": 4},
            tensors(hidden=24, kv=6),
            "rows [24, 6, 6] are not multiples of 4",
        ),
    ]
    for word, value, shown in SCALES:
        bad = tensors() | {f"{Q}.weight_scale": ("BF16", [1], bf16(1, value))}
        says = f"'{Q}.weight_scale' is {shown}; a scale is a finite number"
        cases.append((f"a scale that divides is {word}", {"quantization_config": older}, bad, says))
    for word, value in (("NaN", NAN), ("infinite", INFINITY)):
        bad = masters() | {f"{Q}.weight": ("BF16", [16, 16], bf16(255) + bf16(1, value))}
        says = f"tensor '{Q}.weight' is not finite"
        cases.append((f"a master's weight is {word}", {"quantization_config": online}, bad, says))
    for (name, change, content, says), argv in zip(cases, cycle(COMMANDS), strict=False):
        config = {"config.json": json.dumps(CONFIG | change).encode()}
        files = good_folder() | config | {WEIGHTS: safetensors(*parts(content))}
        yield BadFile("checkpoint", name, files, WEIGHTS, argv, says)

"""GGUF files whose header holds, but whose keys and tensors are no BitNet b1.58 network."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tests.bad_input.good_checkpoint import CONFIG, VOCAB
from tests.reference.checkpoints.gguf import gguf_writer as w

A = "bitnet-b1.58"
Q, EMBEDDING, GAIN = "blk.0.attn_q.weight", "token_embd.weight", "output_norm.weight"
WIDE = 256  # TQ1_0 and TQ2_0 have blocks of 256 in a row
Keys = dict[str, bytes]
Tensors = dict[str, tuple[int, tuple[int, ...], bytes]]
Edit = Callable[[Keys, Tensors], object]


def good_gguf(ternary: int = w.I2_S, edit: Edit = lambda keys, tensors: None) -> bytes:
    """A sound file of one layer and weights 0, after `edit`; of TQ types 256 wide."""
    config: dict[str, Any] = CONFIG
    if ternary != w.I2_S:
        config = CONFIG | {"hidden_size": WIDE, "intermediate_size": WIDE}
    hidden, ffn, vocab = (config[key] for key in ("hidden_size", "intermediate_size", "vocab_size"))
    kv = hidden // 2
    shapes = [(hidden, hidden), (kv, hidden), (kv, hidden), (hidden, hidden)]
    shapes += [(ffn, hidden), (ffn, hidden), (hidden, ffn)]
    tensors: Tensors = {
        EMBEDDING: (w.F32, (vocab, hidden), struct.pack("<f", 1.0) * (vocab * hidden)),
        GAIN: (w.F32, (hidden,), struct.pack("<f", 1.0) * hidden),
    }
    for norm in w.NORMS:
        width = ffn if norm == "ffn_sub_norm" else hidden
        tensors[f"blk.0.{norm}.weight"] = (w.F32, (width,), struct.pack("<f", 1.0) * width)
    for module, (n, k) in zip(w.MODULES, shapes, strict=True):
        tensors[f"blk.0.{module}.weight"] = (ternary, (n, k), zeros(ternary, n * k))
    keys = w.golden_keys(config, A)
    edit(keys, tensors)
    return w.file_bytes(keys.values(), tensors)


def zeros(ternary: int, count: int) -> bytes:
    """So many weights 0, of the scale 1."""
    one = struct.pack("<e", 1.0)
    if ternary == w.I2_S:
        return w.i2_s(np.zeros(count), 1.0)
    if ternary == w.TQ2_0:
        return (b"\x55" * 64 + one) * (count // 256)
    five = stored_base3(121)  # 11111 to the base 3
    four = stored_base3(120)  # 1111, and a fifth place that is 0
    return (bytes([five] * 48 + [four] * 4) + one) * (count // 256)


def stored_base3(number: int) -> int:
    """The byte that ggml stores for a number of 0 to 242."""
    return (number * 256 + 242) // 243


def put(name: str, write: Callable[[str, Any], bytes], value: Any) -> Edit:
    """A key with another value."""
    return lambda keys, tensors: keys.update({name: write(name, value)})


def drop(name: str) -> Edit:
    """No such key, no such tensor."""
    return lambda keys, tensors: (keys.pop(name, None), tensors.pop(name, None))


def store(name: str, kind: int, shape: tuple[int, ...], raw: bytes) -> Edit:
    """A tensor more, or another in place of one."""
    return lambda keys, tensors: tensors.update({name: (kind, shape, raw)})


def patch(name: str, at_byte: int, raw: bytes) -> Edit:
    """A tensor with other bytes at a place."""

    def edit(keys: Keys, tensors: Tensors) -> None:
        kind, shape, old = tensors[name]
        assert at_byte + len(raw) <= len(old)
        tensors[name] = kind, shape, old[:at_byte] + raw + old[at_byte + len(raw) :]

    return edit


def tokens(count: int, element: int = 8) -> Edit:
    """A vocabulary of so many elements of a type id."""
    values = (w.string("x") if element == 8 else w.u32(1)) * count
    name = "tokenizer.ggml.tokens"
    return lambda keys, _: keys.update(
        {name: w.key(name, 9, w.u32(element) + w.u64(count) + values)}
    )


def bad_networks() -> Iterator[tuple[str, bytes, str]]:
    """A sentence, the file, what must be said of it."""
    for name, edit, says in (*_keys(), *_tensors(), *_scales()):
        yield name, good_gguf(edit=edit), says
    for name, kind, edit, says in _blocks():
        yield name, good_gguf(kind, edit), says


def _keys() -> Iterator[tuple[str, Edit, str]]:
    arch, layers, width = "general.architecture", f"{A}.block_count", f"{A}.embedding_length"
    eps, rope = f"{A}.attention.layer_norm_rms_epsilon", f"{A}.rope"
    yield "the architecture is llama", put(arch, w.text, "llama"), f"'{arch}' is 'llama'"
    yield "the architecture is a number", put(arch, w.whole, 1), f"'{arch}' is not a string"
    not_text = put(arch, lambda name, raw: w.key(name, 8, w.string(raw)), b"\xff")
    yield "the architecture is not UTF-8", not_text, f"'{arch}' is not UTF-8"
    yield "there is no architecture", drop(arch), f"'{arch}' is missing"
    for count in (0, 513, 2**32 - 1):
        yield f"there are {count} layers", put(layers, w.whole, count), f"{layers} = {count}: "
    yield "a layer more is named than there is", put(layers, w.whole, 2), "'blk.1.attn_norm.weight'"
    more = store("blk.1.attn_norm.weight", w.F32, (16,), bytes(64))
    yield "there is a layer more than named", more, "'blk.1.attn_norm.weight' is none of"
    heads = put(f"{A}.attention.head_count", w.whole, 5)
    yield "the heads do not divide the width", heads, "16 is not a multiple of heads = 5"
    heads = put(f"{A}.attention.head_count", w.whole, 16)
    yield "a head is 1 wide", heads, "hidden_size / heads = 1 is odd"
    heads = put(f"{A}.attention.head_count_kv", w.whole, 3)
    yield "the kv heads do not divide the heads", heads, "not a multiple of kv_heads = 3"
    heads = put(f"{A}.attention.head_count", w.whole, 0)
    yield "there are no heads", heads, f"{A}.attention.head_count = 0: "
    yield "the width is a string", put(width, w.text, "16"), f"'{width}' is not an integer"
    yield "the width is 2^32 - 1", put(width, w.whole, 2**32 - 1), f"{width} = 4294967295: "
    yield "there is no context length", drop(f"{A}.context_length"), "context_length: missing"
    yield "there is no eps", drop(eps), f"{eps}: missing; add it"
    yield "the eps is NaN", put(eps, w.real, np.nan), f"{eps} = nan: "
    yield "the eps is 0", put(eps, w.real, 0.0), f"{eps} = 0.0: "
    half = put(f"{rope}.dimension_count", w.whole, 2)
    yield "the rotation is of half a head", half, f"'{rope}.dimension_count' is 2; only 4"
    for field, write, value in (
        ("scaling.type", w.text, "yarn"),
        ("scaling.factor", w.real, 2.0),
        ("freq_base", w.real, np.inf),
    ):
        yield f"the rotation's {field} is {value}", put(f"{rope}.{field}", write, value), rope
    yield "there is no bos", drop("tokenizer.ggml.bos_token_id"), "bos_token_id: missing"
    eos = put("tokenizer.ggml.eos_token_id", w.whole, VOCAB)
    yield "the eos is outside the vocabulary", eos, f"token id {VOCAB} is outside the vocabulary"
    other = put(f"{A}.vocab_size", w.whole, VOCAB - 1)
    yield "the vocabulary is not the embedding's", other, f"has {VOCAB} rows"
    yield "the tokenizer has a token too many", tokens(VOCAB + 1), f"is not {VOCAB} strings"
    yield "the tokenizer's tokens are numbers", tokens(VOCAB, element=4), f"not {VOCAB} strings"


def _tensors() -> Iterator[tuple[str, Edit, str]]:
    for name in (EMBEDDING, GAIN, Q, "blk.0.ffn_sub_norm.weight"):
        yield f"there is no {name}", drop(name), f"tensor '{name}' is missing; use"
    bias = store("blk.0.attn_q.bias", w.F32, (16,), bytes(64))
    yield "there is a bias", bias, "'blk.0.attn_q.bias' is none of this network's"
    across = store("blk.0.ffn_up.weight", w.I2_S, (16, 24), zeros(w.I2_S, 384))
    yield "a matrix is transposed", across, "(transposed?), the keys ask for [24, 16]"
    floats = store(Q, w.F32, (16, 16), bytes(1024))
    yield "a matrix is of floats", floats, f"'{Q}' has type F32"
    ternary = store(GAIN, w.I2_S, (128,), zeros(w.I2_S, 128))
    yield "the gains are ternary", ternary, f"'{GAIN}' has type I2_S"
    beside = store("blk.0.attn_q.scale", w.F32, (2,), bytes(8))
    yield "a scale of its own has two values", beside, "'blk.0.attn_q.scale' is not one F32"
    for value in (-1.0, 0.0, np.nan, np.inf):
        beside = store("blk.0.attn_q.scale", w.F32, (1,), struct.pack("<f", value))
        yield f"a scale of its own is {value}", beside, f"'blk.0.attn_q.scale' is {value:g};"
    yield "the code 3 is in a matrix", patch(Q, 5, b"\xc0"), "no ternary weight in 1 places"
    yield "each code of a byte is 3", patch(Q, 5, b"\xff"), "no ternary weight in 4 places"
    infinite = patch(GAIN, 8, struct.pack("<f", np.inf))
    yield "a gain is infinite", infinite, f"'{GAIN}' has values that are not finite"
    nan = patch(EMBEDDING, 0, struct.pack("<f", np.nan))
    yield "the embedding has a NaN", nan, f"'{EMBEDDING}' has values that are not finite"


def _scales() -> Iterator[tuple[str, Edit, str]]:
    for value in (np.nan, np.inf, -np.inf, 0.0, -0.0, -1.0, 1e-40):
        edit = patch(Q, 16 * 16 // 4, struct.pack("<f", value))
        yield f"the scale of I2_S is {value}", edit, f"'{Q}' has the scale {np.float32(value):g}"


def _blocks() -> Iterator[tuple[str, int, Edit, str]]:
    """Faults of TQ1_0 (52 base-3 bytes and a scale) and TQ2_0 (64 bytes and a scale)."""
    none = "no ternary weight in 1 places"
    stored = {stored_base3(number) for number in range(243)}
    for byte in sorted(set(range(256)) - stored):  # 13, as bytes above 242 are in plain base 3
        edit = patch(Q, 7, bytes([byte]))
        yield f"the base-3 byte {byte} is no five weights", w.TQ1_0, edit, none
    edit = patch(Q, 48, b"\x02")
    yield "a base-3 byte of four weights has a fifth", w.TQ1_0, edit, none
    yield "the code 3 is in a block of TQ2_0", w.TQ2_0, patch(Q, 7, b"\x57"), none
    for name, kind, place in (("TQ1_0", w.TQ1_0, 54), ("TQ2_0", w.TQ2_0, 66)):
        nonzero = patch(Q, 0, b"\x00")  # a weight -1, so that the block's scale counts
        for value in (np.nan, np.inf, -1.0, 0.0, 2.0**-24):
            scale = patch(Q, place - 2, struct.pack("<e", value))
            edit = _both(nonzero, scale)
            says = f"'{Q}' has the scale {value:g}"
            if value == 2.0**-24:  # f16's least, a good scale, beside a block of scale 1
                edit, says = _both(edit, patch(Q, place, b"\x00")), "blocks of scale 5.96046e-08"
            yield f"the scale of {name} is {value}", kind, edit, says

    rows = (VOCAB, WIDE)
    for name, stored, block in (
        ("F16", w.F16, struct.pack("<e", np.inf) + bytes(510)),
        ("BF16", w.BF16, b"\x80\x7f" + bytes(510)),
        ("Q8_0", w.Q8_0, (struct.pack("<e", np.nan) + b"\1" * 32) * 8),
        ("Q6_K", w.Q6_K, b"\1" * 208 + struct.pack("<e", np.inf)),
    ):
        sound = bytes(len(block)) * (VOCAB - 1)
        edit = store(EMBEDDING, stored, rows, sound + block)
        says = f"'{EMBEDDING}' has values that are not finite"
        yield f"the last row of an embedding of {name} is not finite", w.TQ2_0, edit, says


def _both(first: Edit, second: Edit) -> Edit:
    return lambda keys, tensors: (first(keys, tensors), second(keys, tensors))

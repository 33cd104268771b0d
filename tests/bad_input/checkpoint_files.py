"""Checkpoint folders with a fault in config.json, model.safetensors or tokenizer.json."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from bitsim.trace.tensorheader import MAX_HEADER_BYTES
from tests.bad_input.bad_file import BadFile

HIDDEN, FFN, KV, VOCAB = 16, 24, 8, 12
CONFIG = {
    "model_type": "bitnet",
    "hidden_size": HIDDEN,
    "intermediate_size": FFN,
    "num_hidden_layers": 1,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "hidden_act": "relu2",
    "vocab_size": VOCAB,
    "max_position_embeddings": 32,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "tie_word_embeddings": True,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "quantization_config": {
        "quant_method": "bitnet",
        "linear_class": "autobitlinear",
        "quantization_mode": "offline",
    },
}
Q = "model.layers.0.self_attn.q_proj"
NORM = "model.norm.weight"
ONE, NAN, INFINITY, DENORMAL, MINUS_ONE = 0x3F80, 0x7FC0, 0x7F80, 0x0001, 0xBF80  # bf16

Tensors = dict[str, tuple[str, list[int], bytes]]


def bf16(count: int, value: int = ONE) -> bytes:
    """So many equal bf16 values."""
    return value.to_bytes(2, "little") * count


def tensors() -> Tensors:
    """A good packed checkpoint: dtype, shape and bytes of every tensor. All weights are 0."""
    found: Tensors = {
        "model.embed_tokens.weight": ("BF16", [VOCAB, HIDDEN], bf16(VOCAB * HIDDEN)),
        NORM: ("BF16", [HIDDEN], bf16(HIDDEN)),
    }
    layer = "model.layers.0"
    for norm in ("input_layernorm", "post_attention_layernorm", "self_attn.attn_sub_norm"):
        found[f"{layer}.{norm}.weight"] = ("BF16", [HIDDEN], bf16(HIDDEN))
    found[f"{layer}.mlp.ffn_sub_norm.weight"] = ("BF16", [FFN], bf16(FFN))
    shapes = {
        "self_attn.q_proj": (HIDDEN, HIDDEN),
        "self_attn.k_proj": (KV, HIDDEN),
        "self_attn.v_proj": (KV, HIDDEN),
        "self_attn.o_proj": (HIDDEN, HIDDEN),
        "mlp.gate_proj": (FFN, HIDDEN),
        "mlp.up_proj": (FFN, HIDDEN),
        "mlp.down_proj": (HIDDEN, FFN),
    }
    for name, (n, k) in shapes.items():
        found[f"{layer}.{name}.weight"] = ("U8", [n // 4, k], b"\x55" * (n // 4 * k))
        found[f"{layer}.{name}.weight_scale"] = ("BF16", [1], bf16(1))
    return found


def safetensors(header: Any, data: bytes, length: int | None = None) -> bytes:
    """A file of any header, right or wrong."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def parts(content: Tensors) -> tuple[dict[str, Any], bytes]:
    """Header and data of tensors laid end to end."""
    header, data = {}, b""
    for name, (dtype, shape, values) in content.items():
        offsets = [len(data), len(data) + len(values)]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": offsets}
        data += values
    return header, data


TOKENIZER = {
    "version": "1.0",
    "added_tokens": [],
    "model": {"type": "WordLevel", "vocab": {"a": 0, "b": VOCAB - 1}, "unk_token": "a"},
}


def good_folder() -> dict[str, bytes]:
    """The checkpoint that the faults are put into."""
    return {
        "config.json": json.dumps(CONFIG).encode(),
        "model.safetensors": safetensors(*parts(tensors())),
        "tokenizer.json": json.dumps(TOKENIZER).encode(),
    }


def bad_checkpoints() -> Iterator[BadFile]:
    """All of them."""
    for name, content, says in (*_configs(), *_config_texts()):
        yield _bad("config", name, "config.json", content, says)
    for name, content, says in (*_headers(), *_contents()):
        yield _bad("safetensors", name, "model.safetensors", content, says)
    for name, content, says in _tokenizers():
        yield _bad("tokenizer", name, "tokenizer.json", content, says)
    for file in ("config.json", "model.safetensors"):
        files = {name: content for name, content in good_folder().items() if name != file}
        yield BadFile("checkpoint", f"no {file}", files, file, LOGITS, "no such file")


LOGITS = ("logits", "--network", "{here}", "--ids", "1,2", "--out", "{out}/logits.safetensors")


RUN = ("run", "--network", "{here}", "--prompt", "a", "--tokens", "1", "--out", "{out}")


def _bad(kind: str, name: str, file: str, content: bytes, says: str) -> BadFile:
    argv = RUN if len(name) % 4 == 0 else LOGITS  # most by the shorter way
    return BadFile(kind, name, good_folder() | {file: content}, file, argv, says)


def _configs() -> Iterator[tuple[str, bytes, str]]:
    quantization = CONFIG["quantization_config"]
    assert isinstance(quantization, dict)
    changes: list[tuple[dict[str, Any], str]] = [
        ({"num_hidden_layers": 0}, "num_hidden_layers = 0: "),
        ({"num_hidden_layers": 513}, "num_hidden_layers = 513: "),
        ({"num_hidden_layers": 1.0}, "num_hidden_layers = 1.0: "),
        ({"num_attention_heads": 3}, "hidden_size = 16 is not a multiple of heads = 3"),
        ({"num_attention_heads": 16, "num_key_value_heads": 16}, "hidden_size / heads = 1 is odd"),
        ({"num_attention_heads": 0}, "num_attention_heads = 0: "),
        ({"num_key_value_heads": 3}, "heads = 4 is not a multiple of kv_heads = 3"),
        ({"hidden_size": -16}, "hidden_size = -16: "),
        ({"hidden_size": 10**400}, "hidden_size = 1000"),
        ({"intermediate_size": True}, "intermediate_size = True: "),
        ({"vocab_size": 1 << 62}, "vocab_size = 4611686018427387904: "),
        ({"vocab_size": None}, "vocab_size = None: "),
        ({"max_position_embeddings": 0}, "max_position_embeddings = 0: "),
        ({"rms_norm_eps": -1e-5}, "rms_norm_eps = -1e-05: "),
        ({"tie_word_embeddings": None}, "tie_word_embeddings = None: "),
        ({"bos_token_id": VOCAB}, f"token id {VOCAB} is outside the vocabulary of {VOCAB}"),
        ({"eos_token_id": [1, [2]]}, "eos_token_id.1 = (2,): "),
        ({"eos_token_id": None}, "eos_token_id.0 = None: "),
        ({"head_dim": 8}, "head_dim = 8: "),
        ({"hidden_act": "gelu"}, "hidden_act = 'gelu': "),
        ({"model_type": "llama"}, "model_type = 'llama': "),
        ({"model_type": {"a": "b" * 10_000}}, "model_type = {'a': 'bbb"),
        ({"attention_bias": True}, "attention_bias = true: "),
        ({"rope_scaling": {"factor": 2}}, "rope_scaling: "),
        ({"rope_parameters": {"rope_type": "llama3"}}, "rope_parameters.rope_type = 'llama3': "),
        ({"rope_parameters": {"rope_theta": 0}}, "rope_theta = 0: "),
        ({"quantization_config": 1}, "quantization_config.quant_method: "),
        ({"quantization_config": {"quant_method": "gptq"}}, "quantization_config.quant_method: "),
        ({"quantization_config": {"quant_method": "bitnet"}}, "quantization_config.linear_class: "),
        (
            {"quantization_config": quantization | {"quantization_mode": "later"}},
            "quantization_mode = 'later': ",
        ),
    ]
    for change, says in changes:
        yield f"{change!r:.60}", json.dumps(CONFIG | change).encode(), says
    for key in ("hidden_size", "tie_word_embeddings", "max_position_embeddings", "rope_theta"):
        left = {name: value for name, value in CONFIG.items() if name != key}
        yield f"no {key}", json.dumps(left).encode(), f"{key}: missing; add it"


def _config_texts() -> Iterator[tuple[str, bytes, str]]:
    good = json.dumps(CONFIG)
    yield "empty", b"", "not plain JSON"
    yield "cut", good[:-1].encode(), "not plain JSON"
    yield "a list", b"[]", "holds a list; it must be a JSON object"
    yield "not UTF-8", b'{"a": "\xff"}', "byte 7 is not UTF-8"
    yield "half a character", b'{"a": "\\udc00"}', "that is not a character"
    yield "key twice", good.replace("{", '{"hidden_size": 1, ', 1).encode(), "'hidden_size' twice"
    yield "NaN", good.replace("10000.0", "NaN").encode(), "NaN is not a JSON number"
    yield "infinity", good.replace("10000.0", "1e999").encode(), "rope_theta = inf: "
    yield "nested", b'{"a": ' + b"[" * 200_000, "nested too deeply"
    yield "number of 5000 digits", b'{"a": ' + b"9" * 5000 + b"}", "Exceeds the limit"
    yield "too large", b" " * (1 << 20), "1048576 bytes; such a file has at most"


def _headers() -> Iterator[tuple[str, bytes, str]]:
    header, data = parts(tensors())
    good = safetensors(header, data)

    def changed(name: str = NORM, **fields: Any) -> bytes:
        return safetensors(header | {name: header[name] | fields}, data)

    begin, end = header[NORM]["data_offsets"]
    for size in (0, 4, 7, 8, 9, 100, len(good) - len(data) - 1, len(good) - len(data)):
        says = "shorter than the 8 bytes" if size < 8 else "header length" if size < 1000 else ""
        yield f"cut to {size} bytes", good[:size], says
    yield "cut by a byte", good[:-1], "must rise and stay in"
    yield "a byte more", good + b"\0", "1 bytes behind the last tensor"
    yield "header of 2^64 - 1", safetensors(header, data, 2**64 - 1), "header length = 1844674407"
    yield "header of 2^63", safetensors(header, data, 2**63), "header length = 9223372036"
    large = b"{}" + b" " * (MAX_HEADER_BYTES - 1)
    yield "header of 4 MB and a byte", safetensors(large, b""), "header length = 4000001"
    dense = b'{"a":[' + b"[]," * 1_300_000 + b"[]]}"
    yield "header of 1,300,001 lists", safetensors(dense, b""), "tensor 'a' = [[], []"
    yield "header not JSON", safetensors(b"{]", data), "the header is not plain JSON"
    yield "header a list", safetensors([], data), "it must begin with '{'"
    yield "header not UTF-8", safetensors(b'{"\xff":1}', data), "byte 2 of the header is not UTF-8"
    yield "header nested", safetensors(b'{"a":' + b"[" * 200_000, data), "nested too deeply"
    twice = json.dumps(header).replace("{", '{"model.norm.weight": 1, ', 1).encode()
    yield "tensor twice", safetensors(twice, data), "key 'model.norm.weight' twice"
    yield "dtype unknown", changed(dtype="F4"), "dtype = 'F4': must be one of"
    yield "dtype null", changed(dtype=None), "dtype = None: must be one of"
    yield "dtype larger", changed(dtype="F32"), "shape [16] of F32 needs 64 bytes"
    yield "shape negative", changed(shape=[-16]), "shape = [-16]: "
    yield "shape of floats", changed(shape=[16.0]), "shape = [16.0]: "
    yield "shape of strings", changed(shape=["16"]), "shape = ['16']: "
    yield "shape true", changed(shape=[True, 16]), "shape = [True, 16]: "
    yield "shape 2^40", changed(shape=[1 << 40]), "shape [1099511627776] of BF16 needs"
    yield "shape overflows", changed(shape=[1 << 32, 1 << 32]), "its product is beyond"
    yield "shape wraps", changed(shape=[(1 << 62) + 4, 4]), "its product is beyond"
    yield "shape of 400 digits", changed(shape=[10**400]), "shape = [1000"
    yield "shape of 10,000 dimensions", changed(shape=[1] * 10_000), "at most 16 counts"
    yield "offsets fall", changed(data_offsets=[end, begin]), "must rise and stay in"
    yield "offsets beyond", changed(data_offsets=[begin, 1 << 62]), "must rise and stay in"
    yield "offsets negative", changed(data_offsets=[-1, end]), "data_offsets = [-1, "
    yield "overlap", changed(shape=[17], data_offsets=[begin - 2, end]), "an overlap"
    yield "hole", changed(shape=[15], data_offsets=[begin + 2, end]), "a hole before it"
    yield "metadata of numbers", safetensors({"__metadata__": {"a": 1}} | header, data), "strings"
    empty = {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}
    for name in ("", "a\0", "a\nb", "\x1b[2J", "x" * 10_000):
        yield f"name {name!r:.20}", safetensors({name: empty} | header, data), "a name has 1 to 512"


def _contents() -> Iterator[tuple[str, bytes, str]]:
    def changed(name: str, dtype: str, shape: list[int], values: bytes) -> bytes:
        return safetensors(*parts(tensors() | {name: (dtype, shape, values)}))

    for name in tensors():
        left = {each: value for each, value in tensors().items() if each != name}
        yield f"no {name}", safetensors(*parts(left)), f"tensor '{name}' is missing"
    yield "a tensor more", changed("../../x", "U8", [1], b"\0"), "tensor '../../x' is none of this"
    yield "transposed", changed(f"{Q}.weight", "U8", [16, 4], b"\x55" * 64), "transposed?"
    yield "of another network", changed(NORM, "BF16", [8], bf16(8)), "shape is [8]"
    yield "of another type", changed(NORM, "F32", [16], bytes(64)), "dtype is F32"
    scale = f"{Q}.weight_scale"
    for word, value in (
        ("NaN", NAN),
        ("infinite", INFINITY),
        ("zero", 0),
        ("negative", MINUS_ONE),
        ("denormal", DENORMAL),
    ):
        yield f"scale {word}", changed(scale, "BF16", [1], bf16(1, value)), f"tensor '{scale}' is "
    values = b"\x55" * 63
    for byte in (0x57, 0x5D, 0x75, 0xD5):
        content = changed(f"{Q}.weight", "U8", [4, 16], values + bytes([byte]))
        yield f"reserved code in byte {byte:#x}", content, "has the reserved code 3 in 1 places"
    yield "norm NaN", changed(NORM, "BF16", [16], bf16(15) + bf16(1, NAN)), "not finite"


def _tokenizers() -> Iterator[tuple[str, bytes, str]]:
    def vocabulary(**words: Any) -> bytes:
        return json.dumps(TOKENIZER | {"model": TOKENIZER["model"] | {"vocab": words}}).encode()

    yield "empty", b"", "not plain JSON"
    yield "not UTF-8", b"\xff", "byte 0 is not UTF-8"
    yield "cut", json.dumps(TOKENIZER)[:-1].encode(), "not plain JSON"
    yield "a list", b"[]", "not a JSON object"
    yield "no model", b"{}", "not a tokenizer"
    yield "nested", b'{"a": ' + b"[" * 200_000, "nested too deeply"
    yield "key twice", b'{"a": 1, "a": 2}', "key 'a' twice"
    yield "no tokens", vocabulary(), "has no tokens"
    yield "id outside", vocabulary(a=0, b=VOCAB), f"token 'b' has id {VOCAB}, the network's"
    yield "id of 2^32 - 1", vocabulary(a=2**32 - 1), "has id 4294967295"
    yield "id negative", vocabulary(a=-1), "not a tokenizer"
    yield "id of 2^63", vocabulary(a=2**63), "not a tokenizer"
    yield "id a string", vocabulary(a="0"), "not a tokenizer"
    yield "too large", b" " * ((64 << 20) + 1), "67108865 bytes; a tokenizer has at most"

"""A tiny packed checkpoint without a fault, for faults to be put into, and the commands for it."""

from __future__ import annotations

import json
from typing import Any

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
ONLINE = {
    "quantization_config": {
        "quant_method": "bitnet",
        "linear_class": "autobitlinear",
        "quantization_mode": "online",
    }
}
Q = "model.layers.0.self_attn.q_proj"
NORM, EMBEDDING = "model.norm.weight", "model.embed_tokens.weight"
WEIGHTS = "model.safetensors"
ONE, NAN, INFINITY, DENORMAL, MINUS_ONE = 0x3F80, 0x7FC0, 0x7F80, 0x0001, 0xBF80  # bf16

Tensors = dict[str, tuple[str, list[int], bytes]]


def bf16(count: int, value: int = ONE) -> bytes:
    """So many equal bf16 values."""
    return value.to_bytes(2, "little") * count


def tensors(hidden: int = HIDDEN, kv: int = KV) -> Tensors:
    """A good packed checkpoint: dtype, shape and bytes of every tensor. All weights are 0."""
    found: Tensors = {
        EMBEDDING: ("BF16", [VOCAB, hidden], bf16(VOCAB * hidden)),
        NORM: ("BF16", [hidden], bf16(hidden)),
    }
    layer = "model.layers.0"
    for norm in ("input_layernorm", "post_attention_layernorm", "self_attn.attn_sub_norm"):
        found[f"{layer}.{norm}.weight"] = ("BF16", [hidden], bf16(hidden))
    found[f"{layer}.mlp.ffn_sub_norm.weight"] = ("BF16", [FFN], bf16(FFN))
    shapes = {
        "self_attn.q_proj": (hidden, hidden),
        "self_attn.k_proj": (kv, hidden),
        "self_attn.v_proj": (kv, hidden),
        "self_attn.o_proj": (hidden, hidden),
        "mlp.gate_proj": (FFN, hidden),
        "mlp.up_proj": (FFN, hidden),
        "mlp.down_proj": (hidden, FFN),
    }
    for name, (n, k) in shapes.items():
        found[f"{layer}.{name}.weight"] = ("U8", [n // 4, k], b"\x55" * (n // 4 * k))
        found[f"{layer}.{name}.weight_scale"] = ("BF16", [1], bf16(1))
    return found


def masters() -> Tensors:
    """A good bf16 master: all weights are 1 before they are quantised."""
    return {
        name: ("BF16", [4 * shape[0], shape[1]], bf16(4 * shape[0] * shape[1]))
        if dtype == "U8"
        else (dtype, shape, values)
        for name, (dtype, shape, values) in tensors().items()
        if not name.endswith("_scale")
    }


def changed(name: str, dtype: str, shape: list[int], values: bytes) -> bytes:
    """The good file with a tensor more, or another in place of one."""
    return safetensors(*parts(tensors() | {name: (dtype, shape, values)}))


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


def good_master() -> dict[str, bytes]:
    """A folder with a master."""
    config = {"config.json": json.dumps(CONFIG | ONLINE).encode()}
    return good_folder() | config | {WEIGHTS: safetensors(*parts(masters()))}


COMMANDS = (  # each bad file is met by one of them, in turn
    ("logits", "--network", "{here}", "--ids", "1,2", "--out", "{here}/logits"),
    ("checkpoint", "info", "{here}"),
    ("run", "--network", "{here}", "--prompt", "a", "--tokens", "1", "--out", "{out}"),
    ("logits", "--network", "{here}/config.json", "--ids", "1,2", "--out", "{here}/logits"),
    ("trace", "record", "--network", "{here}", "--prompt", "a", "--out", "{here}/a.trace"),
)

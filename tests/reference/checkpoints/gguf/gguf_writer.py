"""Writes GGUF files byte by byte, sound ones and others; shares nothing with the reader."""

import struct
from pathlib import Path

import numpy as np

from bitsim.files.tensorfile import open_tensors

GOLDEN = Path(__file__).parents[3] / "golden" / "hf"
F32, F16, Q8_0, Q6_K, BF16, TQ1_0, TQ2_0, I2_S = 0, 1, 8, 14, 30, 34, 35, 36
MODULES = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
NORMS = {
    "attn_norm": "input_layernorm",
    "attn_sub_norm": "self_attn.attn_sub_norm",
    "ffn_norm": "post_attention_layernorm",
    "ffn_sub_norm": "mlp.ffn_sub_norm",
}


def u32(value):
    return struct.pack("<I", value)


def u64(value):
    return struct.pack("<Q", value)


def string(text):
    raw = text if isinstance(text, bytes) else text.encode()
    return u64(len(raw)) + raw


def key(name, kind, value):
    """A key of a type id with the bytes of its value."""
    return string(name) + u32(kind) + value


def whole(name, value):
    return key(name, 4, u32(value))


def real(name, value):
    return key(name, 6, struct.pack("<f", value))


def text(name, value):
    return key(name, 8, string(value))


def tensor(name, kind, lengths, offset):
    """One tensor's info; `lengths` as GGUF has them, columns first."""
    return string(name) + u32(len(lengths)) + b"".join(map(u64, lengths)) + u32(kind) + u64(offset)


def header(keys, infos, tensor_count=None, key_count=None, magic=b"GGUF", version=3):
    """The header alone; counts are those of the lists unless told otherwise."""
    tensor_count = len(infos) if tensor_count is None else tensor_count
    key_count = len(keys) if key_count is None else key_count
    head = magic + u32(version) + u64(tensor_count) + u64(key_count)
    return head + b"".join(keys) + b"".join(infos)


def padded(raw, alignment=32):
    return raw + bytes(-len(raw) % alignment)


def file_bytes(keys, tensors):
    """A whole file; tensors by name: (type id, shape with the rows first, bytes)."""
    infos, data = [], b""
    for name, (kind, shape, raw) in tensors.items():
        infos.append(tensor(name, kind, shape[::-1], len(data)))
        data += padded(raw)
    return padded(header(list(keys), infos)) + data


def i2_s(weights, scale):
    """Blocks of 128 weights in 32 bytes, the first 32 in the high bits, and a tail of 32 bytes."""
    codes = (weights.astype(np.int16) + 1).reshape(-1, 4, 32)
    stored = codes[:, 0] << 6 | codes[:, 1] << 4 | codes[:, 2] << 2 | codes[:, 3]
    return stored.astype(np.uint8).tobytes() + struct.pack("<f", scale) + bytes(28)


def golden_weights(stored):
    """Hugging Face's packed rows (r, r + n/4, ...) as (n, k) of -1, 0, 1."""
    return np.concatenate([(stored >> shift & 3).astype(np.int8) - 1 for shift in (0, 2, 4, 6)])


def widened(bits):
    return (bits.astype(np.uint32) << 16).view(np.float32)


def golden_keys(config, architecture="bitnet-b1.58"):
    """Key/values of a config.json, by name."""
    a = architecture
    keys = [
        ("general.architecture", text, a),
        ("general.name", text, "tiny"),
        (f"{a}.embedding_length", whole, config["hidden_size"]),
        (f"{a}.feed_forward_length", whole, config["intermediate_size"]),
        (f"{a}.block_count", whole, config["num_hidden_layers"]),
        (f"{a}.attention.head_count", whole, config["num_attention_heads"]),
        (f"{a}.attention.head_count_kv", whole, config["num_key_value_heads"]),
        (f"{a}.context_length", whole, config["max_position_embeddings"]),
        (f"{a}.vocab_size", whole, config["vocab_size"]),
        (
            f"{a}.rope.dimension_count",
            whole,
            config["hidden_size"] // config["num_attention_heads"],
        ),
        (f"{a}.attention.layer_norm_rms_epsilon", real, config["rms_norm_eps"]),
        (f"{a}.rope.freq_base", real, config["rope_theta"]),
        ("tokenizer.ggml.bos_token_id", whole, config["bos_token_id"]),
        ("tokenizer.ggml.eos_token_id", whole, config["eos_token_id"]),
    ]
    return {name: write(name, value) for name, write, value in keys}


def golden_tensors(case, config, embedding_type=BF16):
    """The tensors of a packed golden checkpoint, ternary ones as I2_S, norms as F32."""
    file = open_tensors(GOLDEN / case / "model.safetensors")

    def table(name):
        bits = file.tensor(name)
        if embedding_type == BF16:
            return BF16, bits.shape, bits.tobytes()
        dtype = np.float16 if embedding_type == F16 else np.float32
        return embedding_type, bits.shape, widened(bits).astype(dtype).tobytes()

    def norm(name):
        bits = file.tensor(name)
        return F32, bits.shape, widened(bits).tobytes()

    tensors = {"token_embd.weight": table("model.embed_tokens.weight")}
    if not config["tie_word_embeddings"]:
        tensors["output.weight"] = table("lm_head.weight")
    tensors["output_norm.weight"] = norm("model.norm.weight")
    for index in range(config["num_hidden_layers"]):
        layer = f"model.layers.{index}"
        for ours, theirs in NORMS.items():
            tensors[f"blk.{index}.{ours}.weight"] = norm(f"{layer}.{theirs}.weight")
        for ours, theirs in MODULES.items():
            weights = golden_weights(file.tensor(f"{layer}.{theirs}.weight"))
            scale = float(widened(file.tensor(f"{layer}.{theirs}.weight_scale"))[0])
            tensors[f"blk.{index}.{ours}.weight"] = (I2_S, weights.shape, i2_s(weights, scale))
    return tensors

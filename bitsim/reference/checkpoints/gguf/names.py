"""What GGUF calls the parts of a BitNet b1.58 network.

Names and keys: microsoft/BitNet, utils/convert-hf-to-gguf-bitnet.py, and llama.cpp's gguf-py,
`constants.py`. Neither converter permutes the rows of q and k, and all architectures rotate pairs
as Hugging Face does, so that every matrix is taken as it is.
"""

from __future__ import annotations

ARCHITECTURES = ("bitnet-b1.58", "bitnet-25", "bitnet")
EMBEDDING, FINAL_NORM, HEAD = "token_embd.weight", "output_norm.weight", "output.weight"
LAYER_NORMS = ("attn_norm", "attn_sub_norm", "ffn_norm", "ffn_sub_norm")  # as `Layer`'s fields
MATRICES = {  # by the last part of a Hugging Face module name
    "q_proj": "attn_q",
    "k_proj": "attn_k",
    "v_proj": "attn_v",
    "o_proj": "attn_output",
    "gate_proj": "ffn_gate",
    "up_proj": "ffn_up",
    "down_proj": "ffn_down",
}
TENSORS = {  # by the name that Hugging Face has for a tensor outside of the layers
    "model.embed_tokens.weight": EMBEDDING,
    "model.norm.weight": FINAL_NORM,
    "lm_head.weight": HEAD,
}
GAINS = {  # by the last part of a Hugging Face module name
    "input_layernorm": "attn_norm",
    "attn_sub_norm": "attn_sub_norm",
    "post_attention_layernorm": "ffn_norm",
    "ffn_sub_norm": "ffn_sub_norm",
}
INTEGERS = {  # keys after the architecture's name, by the field of `NetworkSpec`
    "hidden_size": "embedding_length",
    "intermediate_size": "feed_forward_length",
    "layers": "block_count",
    "heads": "attention.head_count",
    "kv_heads": "attention.head_count_kv",
    "max_context": "context_length",
}
NUMBERS = {"rms_norm_eps": "attention.layer_norm_rms_epsilon", "rope_theta": "rope.freq_base"}
IDS = BOS, EOS, EOT = tuple(f"tokenizer.ggml.{name}_token_id" for name in ("bos", "eos", "eot"))


def norm_name(layer: int, norm: str) -> str:
    """The gains of one of LAYER_NORMS."""
    return f"blk.{layer}.{norm}.weight"


def matrix_name(module: str) -> str:
    """The weights of a Hugging Face module, "model.layers.3.mlp.up_proj"."""
    parts = module.split(".")
    return f"blk.{parts[2]}.{MATRICES[parts[-1]]}.weight"


def float_name(tensor: str) -> str:
    """Embedding, head or gains by the name of Hugging Face's tensor."""
    if tensor in TENSORS:
        return TENSORS[tensor]
    parts = tensor.split(".")
    return norm_name(int(parts[2]), GAINS[parts[-2]])

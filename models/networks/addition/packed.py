"""The folder that is shipped: config.json, model.safetensors and the tokenizer's two files.

Names, types and the packing of four codes a byte are those of the packed bitnet-b1.58-2B-4T
repository, which transformers reads as `linear_class: autobitlinear`, `quantization_mode: offline`.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from network import Network, PackedLinear, Shape, TrainedLinear, quantise_weights
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor
from vocabulary import BOS, EOS, build_tokenizer

CODE_SHIFTS = (0, 2, 4, 6)  # bits of the first to the fourth quarter of the rows


def pack(ternary: Tensor) -> Tensor:
    """(N, K) of -1, 0, 1 to (N / 4, K) uint8: rows r, r + N/4, r + 2N/4, r + 3N/4, low bits first.

    A code is the weight plus one. Source: `pack_weights` of transformers' integrations/bitnet.py.
    """
    quarters = (ternary + 1).to(torch.uint8).chunk(4)
    return sum(q << shift for q, shift in zip(quarters, CODE_SHIFTS, strict=True))


def unpack(packed: Tensor) -> Tensor:
    """The inverse of `pack`, as f32."""
    return torch.cat([(packed >> shift & 3).float() - 1 for shift in CODE_SHIFTS])


def config(shape: Shape) -> dict[str, object]:
    return {
        "architectures": ["BitNetForCausalLM"],
        "bos_token_id": BOS,
        "eos_token_id": EOS,
        "hidden_act": "relu2",
        "hidden_size": shape.hidden,
        "initializer_range": 0.02,
        "intermediate_size": shape.intermediate,
        "max_position_embeddings": shape.positions,
        "model_type": "bitnet",
        "num_attention_heads": shape.heads,
        "num_hidden_layers": shape.layers,
        "num_key_value_heads": shape.kv_heads,
        "quantization_config": {
            "linear_class": "autobitlinear",
            "quant_method": "bitnet",
            "quantization_mode": "offline",
        },
        "rms_norm_eps": shape.norm_eps,
        "rope_theta": shape.rope_theta,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "use_cache": True,
        "vocab_size": shape.vocab,
    }


def save(network: Network, folder: Path) -> None:
    """Quantises the master and writes all four files."""
    tensors = {name: tensor.bfloat16() for name, tensor in network.state_dict().items()}
    for name, module in network.named_modules():
        if isinstance(module, TrainedLinear):
            ternary, absmean = quantise_weights(module.weight.detach())
            tensors[f"{name}.weight"] = pack(ternary)
            tensors[f"{name}.weight_scale"] = absmean.bfloat16().reshape(1)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    tokenizer_config = {
        "bos_token": "<bos>",
        "clean_up_tokenization_spaces": False,
        "eos_token": "<eos>",
        "model_max_length": network.shape.positions,
        "pad_token": "<pad>",
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": "<unk>",
    }
    files = {"config": config(network.shape), "tokenizer_config": tokenizer_config}
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n")
    build_tokenizer().save(str(folder / "tokenizer.json"))


def load(folder: Path) -> tuple[Network, Tokenizer]:
    """The network with the stored codes and bf16 values, and the stored tokenizer."""
    stored = json.loads((folder / "config.json").read_text())
    shape = Shape(
        vocab=stored["vocab_size"],
        hidden=stored["hidden_size"],
        intermediate=stored["intermediate_size"],
        layers=stored["num_hidden_layers"],
        heads=stored["num_attention_heads"],
        kv_heads=stored["num_key_value_heads"],
        rope_theta=stored["rope_theta"],
        norm_eps=stored["rms_norm_eps"],
        positions=stored["max_position_embeddings"],
    )
    tensors = load_file(folder / "model.safetensors")
    network = Network(shape, PackedLinear)
    network.load_state_dict(
        {
            name: unpack(tensor) if tensor.dtype == torch.uint8 else tensor.float()
            for name, tensor in tensors.items()
        }
    )
    return network.eval(), Tokenizer.from_file(str(folder / "tokenizer.json"))

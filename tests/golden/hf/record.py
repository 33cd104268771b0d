"""Makes the folders beside it: tiny BitNet checkpoints, and what transformers computes with them.

    python tests/golden/hf/record.py        needs torch 2.13, transformers 5.23 and accelerate

Each folder is a checkpoint as Hugging Face stores it (random weights of the sizes that the real
one has) and `recorded.safetensors`: `ids`, `logits`, and the input and output of every ternary
layer, all in f32. Of layers that share an input it is kept once, under the first one's name.
`long_logits` are those of the last of `long_ids`.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

os.environ["TORCHDYNAMO_DISABLE"] = "1"  # as written, not as a compiler rearranges it

import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import AutoModelForCausalLM
from transformers.integrations.bitnet import AutoBitLinear, BitLinear, pack_weights

HERE = Path(__file__).parent
DEAD = 1e-34  # real masters have rows, columns and gains of this size


@dataclass(frozen=True)
class Case:
    """One checkpoint."""

    linear_class: str = "autobitlinear"
    mode: str = "offline"
    hidden: int = 96
    ffn: int = 200
    layers: int = 3
    heads: int = 4
    kv_heads: int = 2
    vocab: int = 256
    theta: float = 500000.0
    tied: bool = True
    dead: bool = False
    dtype: torch.dtype = torch.bfloat16  # of the file, and of transformers as the file asks for it
    tokens: int = 6  # of the pass whose layers are recorded
    long_tokens: int = 60  # of the one of which the last token's logits are


CASES = {
    "offline": Case(),
    "bitlinear": Case(
        linear_class="bitlinear", hidden=72, ffn=172, layers=2, heads=6, kv_heads=1, theta=10000.0
    ),
    "untied": Case(hidden=64, ffn=132, layers=2, heads=2, vocab=128, tied=False, theta=1000.0),
    "dead_rows": Case(
        mode="online", hidden=64, ffn=102, layers=2, heads=4, kv_heads=4, vocab=96, dead=True
    ),
    # As `bitsim checkpoint convert` writes what bf16 does not hold.
    "float32": Case(
        hidden=64, ffn=128, layers=2, heads=2, kv_heads=1, vocab=96, dtype=torch.float32
    ),
}


def config(case: Case) -> dict[str, object]:
    return {
        "architectures": ["BitNetForCausalLM"],
        "bos_token_id": 0,
        "eos_token_id": 1,
        "hidden_act": "relu2",
        "hidden_size": case.hidden,
        "intermediate_size": case.ffn,
        "max_position_embeddings": 64,
        "model_type": "bitnet",
        "num_attention_heads": case.heads,
        "num_hidden_layers": case.layers,
        "num_key_value_heads": case.kv_heads,
        "quantization_config": {
            "linear_class": case.linear_class,
            "quant_method": "bitnet",
            "quantization_mode": case.mode,
        },
        "rms_norm_eps": 1e-5,
        "rope_theta": case.theta,
        "tie_word_embeddings": case.tied,
        "torch_dtype": str(case.dtype).removeprefix("torch."),
        "vocab_size": case.vocab,
    }


def gains(case: Case, count: int, size: float, dead: bool) -> Tensor:
    values = size * (1 + 0.5 * torch.rand(count))
    if dead:
        values[::5] = DEAD
    return values.to(case.dtype)


def ternary(case: Case, name: str, rows: int, columns: int) -> dict[str, Tensor]:
    """The tensors of one layer: a bf16 master, or codes with a scale (absmean or its inverse)."""
    master = torch.randn(rows, columns)
    if case.dead:
        master[::7] = DEAD
        master[:, ::11] = -DEAD
    master = master.bfloat16()
    if case.mode == "online":
        return {f"{name}.weight": master}
    absmean = master.float().abs().mean()
    codes = (master.float() / absmean).round().clamp(-1, 1)
    scale = 1 / absmean if case.linear_class == "bitlinear" else absmean
    return {
        f"{name}.weight": pack_weights(codes),
        f"{name}.weight_scale": scale.to(case.dtype).reshape(1),
    }


def checkpoint(case: Case) -> dict[str, Tensor]:
    hidden, ffn = case.hidden, case.ffn
    kv = hidden // case.heads * case.kv_heads
    tensors = {"model.embed_tokens.weight": torch.randn(case.vocab, hidden).to(case.dtype)}
    if not case.tied:
        tensors["lm_head.weight"] = torch.randn(case.vocab, hidden).to(case.dtype)
    for index in range(case.layers):
        layer = f"model.layers.{index}"
        # One norm of the dead case has no live gain at all: every code behind it is 0.
        sub = (
            torch.full((hidden,), DEAD)
            if case.dead and index == 1
            else gains(case, hidden, 0.1, False)
        )
        tensors |= {
            f"{layer}.input_layernorm.weight": gains(case, hidden, 0.017, case.dead),
            f"{layer}.post_attention_layernorm.weight": gains(case, hidden, 1.3, case.dead),
            f"{layer}.self_attn.attn_sub_norm.weight": sub.to(case.dtype),
            f"{layer}.mlp.ffn_sub_norm.weight": gains(case, ffn, 0.1, case.dead),
        }
        for name, rows, columns in (
            ("self_attn.q_proj", hidden, hidden),
            ("self_attn.k_proj", kv, hidden),
            ("self_attn.v_proj", kv, hidden),
            ("self_attn.o_proj", hidden, hidden),
            ("mlp.gate_proj", ffn, hidden),
            ("mlp.up_proj", ffn, hidden),
            ("mlp.down_proj", hidden, ffn),
        ):
            tensors |= ternary(case, f"{layer}.{name}", rows, columns)
    tensors["model.norm.weight"] = gains(case, hidden, 1.0, case.dead)
    return tensors


def run(folder: Path, ids: Tensor, long_ids: Tensor) -> dict[str, Tensor]:
    """What transformers computes in f32.

    Loading a bf16 file as f32 fails in 5.23, so it is loaded in its own type and then cast.
    """
    model = AutoModelForCausalLM.from_pretrained(folder, dtype="auto", attn_implementation="eager")
    torch.nn.Module.float(model)  # transformers' own `float` refuses quantised models
    kept: dict[str, Tensor] = {}

    def keep(name: str):
        def hook(_module, inputs, output):
            kept[f"{name}:in"] = inputs[0][0].detach().clone()
            kept[f"{name}:out"] = output[0].detach().clone()

        return hook

    layers = {n: m for n, m in model.named_modules() if isinstance(m, AutoBitLinear | BitLinear)}
    for module in layers.values():
        module.dtype = torch.float32  # BitLinear computes in what it was made for
    with torch.no_grad():
        long_logits = model(long_ids[None]).logits[0, -1:].clone()
        for name, module in layers.items():
            module.register_forward_hook(keep(name))
        logits = model(ids[None]).logits[0].clone()
    for name in list(kept):
        for twin, first in (("k_proj:in", "q_proj:in"), ("v_proj:in", "q_proj:in")):
            if name.endswith(twin):
                assert torch.equal(kept.pop(name), kept[name.replace(twin, first)])
        if name.endswith("up_proj:in"):
            assert torch.equal(kept.pop(name), kept[name.replace("up_proj", "gate_proj")])
    tokens = {"ids": ids, "logits": logits, "long_ids": long_ids, "long_logits": long_logits}
    return tokens | kept


def main() -> None:
    for seed, (name, case) in enumerate(CASES.items()):
        torch.manual_seed(seed)
        folder = HERE / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(config(case), indent=2) + "\n")
        save_file(checkpoint(case), folder / "model.safetensors", metadata={"format": "pt"})
        ids, long_ids = (
            torch.randint(0, case.vocab, (count,)) for count in (case.tokens, case.long_tokens)
        )
        save_file(run(folder, ids, long_ids), folder / "recorded.safetensors")
        print(name, sum(path.stat().st_size for path in folder.iterdir()), "bytes")


if __name__ == "__main__":
    main()

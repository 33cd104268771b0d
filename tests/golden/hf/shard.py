"""Makes `untied_in_shards`: the checkpoint `untied` as huggingface_hub shards it.

    python tests/golden/hf/shard.py         needs torch 2.13, transformers 5.23 and accelerate

It ends with an error unless transformers computes from the shards just the logits that `record.py`
recorded from the one file, does so whatever the index says of their total size, and takes the one
file where there is an index beside it.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

os.environ["TORCHDYNAMO_DISABLE"] = "1"

import torch
from huggingface_hub import save_torch_state_dict
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

HERE = Path(__file__).parent
SOURCE, TARGET = HERE / "untied", HERE / "untied_in_shards"
INDEX = "model.safetensors.index.json"


def logits(folder: Path, ids: torch.Tensor) -> torch.Tensor:
    """As `record.run` computes them."""
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.bfloat16, attn_implementation="eager"
    )
    torch.nn.Module.float(model)
    with torch.no_grad():
        return model(ids[None]).logits[0]


def main() -> None:
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir()
    shutil.copy(SOURCE / "config.json", TARGET)
    save_torch_state_dict(
        load_file(SOURCE / "model.safetensors"),
        TARGET,
        max_shard_size=22_000,
        safe_serialization=True,
    )
    recorded = load_file(SOURCE / "recorded.safetensors")
    assert torch.equal(logits(TARGET, recorded["ids"]), recorded["logits"])
    with tempfile.TemporaryDirectory() as name:
        wrong = Path(shutil.copytree(TARGET, Path(name) / "wrong"))
        index = json.loads((wrong / INDEX).read_text())
        index["metadata"]["total_size"] = 1
        (wrong / INDEX).write_text(json.dumps(index))
        assert torch.equal(logits(wrong, recorded["ids"]), recorded["logits"])
        both = Path(shutil.copytree(SOURCE, Path(name) / "both"))
        (both / INDEX).write_text('{"metadata": {}, "weight_map": {"a": "none.safetensors"}}')
        assert torch.equal(logits(both, recorded["ids"]), recorded["logits"])
    for path in sorted(TARGET.iterdir()):
        print(path.name, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()

"""Files in a layout to test with: made from a small checkpoint, and changed."""

import json

import numpy as np

from bitsim.files.tensorfile import open_tensors, write_tensors
from bitsim.reference.checkpoints.forms import open_checkpoint
from bitsim.reference.checkpoints.layouts.writer import plan_layout, write_layout
from bitsim.reference.checkpoints.make import plan_checkpoint, write_checkpoint

WQKV, W2 = "layers.0.attention.wqkv.weight", "layers.0.feed_forward.w2.weight"
ATTN_Q = "blk.0.attn_q.weight"

SHAPE = """
name = "small"
hidden_size = 256
intermediate_size = 512
layers = 2
heads = 4
kv_heads = 2
vocab_size = 64
max_context = 16
rms_norm_eps = 1e-5
rope_theta = 10000.0
tied_head = true
bos_id = 0
eos_ids = [1]
[statistics]
zero_weight_fraction = 0.4
zero_ffn_fraction = 0.6
source = "chosen"
"""


def made(folder, layers=2):
    """A packed folder of a shape that every layout admits."""
    (folder / "small.toml").write_text(SHAPE.replace("layers = 2", f"layers = {layers}"))
    write_checkpoint(plan_checkpoint(str(folder / "small.toml"), 5, folder / "offline"))
    return folder / "offline"


def written(tmp_path, label, source):
    path = tmp_path / f"{label}.safetensors"
    rounded = write_layout(plan_layout(open_checkpoint(str(source)), label, path))
    return path, rounded


def rewrite(path, change):
    """Write a file again after `change(tensors, metadata)`; `metadata["matrices"]` is parsed."""
    file = open_tensors(path)
    tensors = {name: file.tensor(name).copy() for name in file.names}
    metadata = dict(file.metadata)
    metadata["matrices"] = json.loads(metadata["matrices"])
    bf16 = {name for name in file.names if file.dtype(name) == "BF16"}
    change(tensors, metadata)
    if isinstance(metadata.get("matrices"), dict):
        metadata["matrices"] = json.dumps(metadata["matrices"])
    write_tensors(path, tensors, metadata, bf16=bf16 & set(tensors))


def put(*path_and_value):
    """A change of one place in the metadata of matrices."""
    *path, last, value = path_and_value

    def change(_tensors, metadata):
        place = metadata["matrices"]
        for step in path:
            place = place[step]
        place[last] = value

    return change


def tensor(name, change):
    """A change of one tensor."""

    def changed(tensors, _metadata):
        tensors[name] = change(tensors[name])

    return changed


def scale(name, slot, bits):
    def change(values):
        values.view(np.uint16 if values.dtype == np.uint16 else np.uint32)[slot] = bits
        return values

    return tensor(name, change)


def first_byte(value):
    def change(values):
        values.reshape(-1)[0] = value
        return values

    return change

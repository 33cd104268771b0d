"""How many weights and activations of a checkpoint are zero?

Energy by shape alone (`bitsim simulate --network FOLDER`) needs to know. This runs the reference
on a few prompts and prints what belongs into `statistics.toml` in the checkpoint's folder.
"""

import sys

import numpy as np

import bitsim
from bitsim.reference.checkpoints.inspection import checkpoint_info

name = sys.argv[1] if len(sys.argv) > 1 else "addition"
prompts = sys.argv[2:] or ["734+589=1323", "5+7=12", "9999+1=10000", "60+4=64", "812+88=900"]

network = bitsim.load_network(name)
gated = []  # inputs of down_proj: squared ReLU leaves exact zeros, and the norm keeps them


def observe(module, inputs, outputs):
    if module.endswith("down_proj"):
        gated.append(inputs.ravel())


for prompt in prompts:
    ids = np.array(network.tokenizer.encode(prompt), np.int64)
    network.forward(ids, network.empty_cache(len(ids)), observer=observe)

print(f"zero_weight_fraction = {checkpoint_info(name)['zero_weight_fraction']:.4f}")
print(f"zero_ffn_fraction = {np.mean(np.concatenate(gated) == 0):.4f}")
command = " ".join(["python examples/measure_zeros.py", *sys.argv[1:]])
print(f'source = "measured: {command}"')

"""What a process holds once a checkpoint is loaded and has computed: one copy of the weights."""

import json
import subprocess
import sys

import numpy as np
import pytest

from bitsim.cli import main
from bitsim.files.tensorfile import stream_tensors
from bitsim.reference.checkpoints.forms import open_checkpoint
from bitsim.reference.memory import network_bytes
from bitsim.spec import catalog, encoding

# The peak of this process image alone: what wait4 tells includes the parent's until the exec.
PROGRAM = """
import sys
from bitsim.cli import main
status = main(sys.argv[1:])
lines = open("/proc/self/status").read().splitlines()
print(*[line.split()[1] for line in lines if line.startswith("VmHWM")])
sys.exit(status)
"""
SHAPE = """
name = "some of 2B"
hidden_size = 2048
intermediate_size = 5632
layers = 3
heads = 16
kv_heads = 4
vocab_size = 8192
max_context = 64
rms_norm_eps = 1e-5
rope_theta = 500000.0
tied_head = true
bos_id = 0
eos_ids = [1]

[statistics]
zero_weight_fraction = 0.44
zero_ffn_fraction = 0.598
source = "the test's own"
"""
IDS = "1,2,3"
BESIDES = 300_000_000  # of the issue: interpreter, numba and what else is no weight
SLACK = 16_000_000


def peak_bytes(network, out):
    """Of the second of two processes: the first may have compiled."""
    argv = [sys.executable, "-c", PROGRAM, "logits", "--network", str(network), "--ids", IDS]
    argv += ["--out", str(out / "logits")]
    for _ in range(2):
        done = subprocess.run(argv, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1]) * 1024


def kv_bytes(spec):
    return 2 * 4 * spec.layers * spec.kv_size * len(IDS.split(","))


def allowed_bytes(spec):
    """Packed weights, gains and embedding, and the cache."""
    return network_bytes(spec) + kv_bytes(spec)


def as_master(source, target):
    """A packed folder as a bf16 master: weight = code * scale."""
    checkpoint = open_checkpoint(source)
    spec, file = checkpoint.spec, checkpoint.file
    config = json.loads((source / "config.json").read_text())
    config["quantization_config"]["quantization_mode"] = "online"
    target.mkdir()
    (target / "config.json").write_text(json.dumps(config))
    shapes = {
        f"{name}.weight": (rows, product.k)
        for layer in range(spec.layers)
        for product in spec.products(layer)
        for name, rows in zip(product.matrices, product.rows, strict=True)
    }
    names = [name for name in file.names if not name.endswith("_scale")]
    promised = {name: ("BF16", shapes.get(name, file.shape(name))) for name in names}

    def tensors():
        for name in names:
            if name not in shapes:
                yield name, file.tensor(name)
                continue
            matrix = checkpoint.matrix(name.removesuffix(".weight"), *shapes[name])
            one = np.float32(matrix.scale).view(np.uint32) >> 16
            values = np.array([one | 0x8000, 0, one], np.uint16)
            yield name, values[encoding.unpack(matrix.packed, matrix.k, "2bit") + 1]

    stream_tensors(target / "model.safetensors", promised, tensors(), {"format": "pt"})
    return target


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A packed checkpoint, large enough for a second copy of its weights to be seen."""
    folder = tmp_path_factory.mktemp("checkpoint")
    (folder / "shape.toml").write_text(SHAPE)
    argv = ["checkpoint", "make", "--network", str(folder / "shape.toml")]
    assert main([*argv, "--out", str(folder / "packed")]) == 0
    return folder


@pytest.fixture(scope="module")
def base_bytes(folder):
    """What a process takes for a network of no size."""
    return peak_bytes("addition", folder)


def test_a_packed_folder_is_in_memory_once(folder, base_bytes):
    spec = open_checkpoint(folder / "packed").spec
    packed_bytes = spec.ternary_weights // 4
    assert packed_bytes > 2 * SLACK
    peak = peak_bytes(folder / "packed", folder) - base_bytes
    assert packed_bytes < peak < allowed_bytes(spec) + SLACK


def test_a_gguf_file_is_in_memory_once(folder, base_bytes):
    path = folder / "model.gguf"
    argv = ["checkpoint", "convert", str(folder / "packed"), "--to", "i2_s", "--out", str(path)]
    assert main(argv) == 0
    spec = open_checkpoint(folder / "packed").spec
    assert peak_bytes(path, folder) - base_bytes < allowed_bytes(spec) + SLACK


def test_of_a_master_one_matrix_at_a_time_is_in_memory(folder, base_bytes):
    master = as_master(folder / "packed", folder / "master")
    spec = open_checkpoint(master).spec
    largest_bytes = 2 * spec.hidden_size * spec.intermediate_size
    assert 2 * spec.ternary_weights > 8 * largest_bytes
    peak = peak_bytes(master, folder) - base_bytes
    assert peak < allowed_bytes(spec) + largest_bytes + SLACK


@pytest.mark.full
def test_the_2b_model_takes_its_weights_and_cache_and_300_mb(tmp_path):
    name = "bitnet-b1.58-2b-4t"
    folder, path = tmp_path / "packed", tmp_path / "model.gguf"
    assert main(["checkpoint", "make", "--network", name, "--out", str(folder)]) == 0
    assert main(["checkpoint", "convert", str(folder), "--to", "i2_s", "--out", str(path)]) == 0
    spec = catalog.load_network_spec(name)
    assert spec.ternary_weights // 4 == 521_011_200
    for source in (folder, path):
        assert peak_bytes(source, tmp_path) <= allowed_bytes(spec) + BESIDES

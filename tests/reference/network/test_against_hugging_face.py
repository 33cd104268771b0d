"""The reference against what transformers computed (tests/golden/hf/record.py)."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from bitsim.files.tensorfile import open_tensors
from bitsim.reference.checkpoints.load import load_network
from bitsim.reference.kernels import quantizer
from bitsim.reference.kernels.product.product import multiply

GOLDEN = Path(__file__).parents[2] / "golden" / "hf"
CASES = ("offline", "bitlinear", "untied", "dead_rows", "float32")
TOLERANCE = 1e-6  # of max|y|: the rounding of a handful of f32 operations
# Of max|logit|: of this network one activation's rounding falls the other way, and all after it.
WITH_A_FLIP = {"bitlinear": 0.01}


def layers(network):
    """(product, matrices) of all layers."""
    for index, layer in enumerate(network.layers):
        yield from zip(network.spec.products(index), layer.products, strict=True)


def outputs(network, recorded):
    """By matrix name, what the reference makes of the recorded input."""
    made = {}
    for product, matrices in layers(network):
        codes, scales, finite = quantizer.quantize(
            recorded.tensor(f"{product.matrices[0]}:in").copy()
        )
        assert finite
        sums = multiply(matrices, codes)
        out = np.empty(sums.shape, np.float32)
        first = 0
        for matrix in matrices:
            quantizer.dequantize(sums, scales, first, first + matrix.n, matrix.scale, out)
            made[matrix.name] = out[:, first : first + matrix.n]
            first += matrix.n
    return made


def largest_error(network, recorded):
    """Over all ternary layers, the largest error in parts of that layer's max|y|."""
    errors = [
        np.abs(y - recorded.tensor(f"{name}:out")).max()
        / max(np.abs(recorded.tensor(f"{name}:out")).max(), 1e-30)
        for name, y in outputs(network, recorded).items()
    ]
    assert len(errors) == 7 * network.spec.layers
    return max(errors)


def cosine(a, b):
    a, b = a.astype(np.float64).ravel(), b.astype(np.float64).ravel()
    return a @ b / np.sqrt((a @ a) * (b @ b))


@pytest.mark.parametrize("case", CASES)
def test_every_ternary_layer_gives_what_transformers_gives(case):
    network = load_network(str(GOLDEN / case))
    recorded = open_tensors(GOLDEN / case / "recorded.safetensors")
    assert largest_error(network, recorded) < TOLERANCE


@pytest.mark.parametrize("case", CASES)
def test_activation_codes_are_those_of_the_formula_of_transformers(case):
    recorded = open_tensors(GOLDEN / case / "recorded.safetensors")
    inputs = [name for name in recorded.names if name.endswith(":in")]
    assert inputs
    for name in inputs:
        x = recorded.tensor(name).copy()
        largest = np.maximum(np.abs(x).max(axis=1, keepdims=True), np.float32(1e-5))
        expected_scales = np.float32(127) / largest
        expected = np.clip(np.rint(x * expected_scales), -128, 127).astype(np.int8)
        codes, scales, _ = quantizer.quantize(x)
        assert np.array_equal(codes, expected)
        assert np.array_equal(scales, expected_scales[:, 0])


@pytest.mark.parametrize("case", CASES)
def test_whole_network_agrees_with_transformers(case):
    network = load_network(str(GOLDEN / case))
    recorded = open_tensors(GOLDEN / case / "recorded.safetensors")
    for ids_name, logits_name in (("ids", "logits"), ("long_ids", "long_logits")):
        ids, expected = recorded.tensor(ids_name), recorded.tensor(logits_name)
        logits = network.forward(ids, network.empty_cache(ids.size), all_logits=True)
        logits = logits[-len(expected) :]
        error = np.abs(logits - expected).max() / np.abs(expected).max()
        assert error < WITH_A_FLIP.get(case, TOLERANCE)
        assert np.array_equal(logits.argmax(axis=1), expected.argmax(axis=1))


def test_observer_sees_the_layers_of_transformers_in_the_first_layer():
    network = load_network(str(GOLDEN / "offline"))
    recorded = open_tensors(GOLDEN / "offline" / "recorded.safetensors")
    seen = {}

    def observe(name, x, y):
        seen[name] = (x.copy(), y.copy())

    ids = recorded.tensor("ids")
    network.forward(ids, network.empty_cache(ids.size), observer=observe)
    assert sorted(seen) == sorted(
        name.removesuffix(":out") for name in recorded.names if name.endswith(":out")
    )
    for name in ("model.layers.0.self_attn.q_proj", "model.layers.0.mlp.down_proj"):
        x, y = seen[name]
        expected_x, expected_y = recorded.tensor(f"{name}:in"), recorded.tensor(f"{name}:out")
        assert np.abs(x - expected_x).max() < 1e-5 * np.abs(expected_x).max()
        assert np.abs(y - expected_y).max() < 1e-5 * np.abs(expected_y).max()


@pytest.mark.parametrize(
    ("case", "other"), [("offline", "bitlinear"), ("bitlinear", "autobitlinear")]
)
def test_scale_on_the_wrong_side_is_noticed(tmp_path, case, other):
    shutil.copytree(GOLDEN / case, tmp_path / case)
    path = tmp_path / case / "config.json"
    config = json.loads(path.read_text())
    config["quantization_config"]["linear_class"] = other
    path.write_text(json.dumps(config))
    network = load_network(str(tmp_path / case))
    recorded = open_tensors(GOLDEN / case / "recorded.safetensors")
    assert largest_error(network, recorded) > 0.1
    ids = recorded.tensor("ids")
    logits = network.forward(ids, network.empty_cache(ids.size), all_logits=True)
    assert cosine(logits, recorded.tensor("logits")) < 0.998

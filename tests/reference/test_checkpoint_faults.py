"""What a checkpoint folder can have wrong: one line each, with file, tensor and remedy."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from bitsim.errors import BitsimError
from bitsim.reference.checkpoint import expected_tensors
from bitsim.reference.load import load_network
from bitsim.spec import catalog
from bitsim.trace.tensorfile import open_tensors, write_tensors

GOLDEN = Path(__file__).parent.parent / "golden" / "hf"
Q_PROJ = "model.layers.1.self_attn.q_proj"
GATE = "model.layers.0.mlp.gate_proj"
EMBEDDING = "model.embed_tokens.weight"
NORM = "model.layers.1.mlp.ffn_sub_norm.weight"


@pytest.fixture
def folder(tmp_path):
    """A copy of a sound checkpoint."""
    for name in ("config.json", "model.safetensors"):
        shutil.copy(GOLDEN / "untied" / name, tmp_path)
    return tmp_path


def rewrite(folder, change):
    """Write the tensors again after `change(tensors)`, types kept."""
    path = folder / "model.safetensors"
    file = open_tensors(path)
    tensors = {name: file.tensor(name).copy() for name in file.names}
    bf16 = {name for name in file.names if file.dtype(name) == "BF16"}
    change(tensors)
    write_tensors(path, tensors, bf16={name for name in tensors if name in bf16})


def fault(folder):
    """The one line that loading says."""
    with pytest.raises(BitsimError) as caught:
        load_network(str(folder))
    line = str(caught.value)
    assert "\n" not in line
    assert str(folder) in line
    return line


def test_the_copy_itself_is_sound(folder):
    rewrite(folder, lambda tensors: None)
    assert load_network(str(folder)).spec.layers == 2
    assert load_network(str(folder / "config.json")).spec.layers == 2


@pytest.mark.parametrize("name", [EMBEDDING, "lm_head.weight", NORM, f"{Q_PROJ}.weight_scale"])
def test_missing_tensor(folder, name):
    rewrite(folder, lambda tensors: tensors.pop(name))
    assert re.search(f"{re.escape(name)}' is missing; use", fault(folder))


@pytest.mark.parametrize("name", [f"{Q_PROJ}.bias", "model.layers.2.input_layernorm.weight"])
def test_extra_tensor(folder, name):
    rewrite(folder, lambda tensors: tensors.update({name: np.zeros(64, np.float32)}))
    assert f"{name}' is none of this network's" in fault(folder)


@pytest.mark.parametrize("name", [f"{GATE}.weight", EMBEDDING])
def test_transposed_tensor(folder, name):
    rewrite(folder, lambda tensors: tensors.update({name: tensors[name].T.copy()}))
    assert "(transposed?), config.json asks for" in fault(folder)


def test_tensor_of_another_type(folder):
    rewrite(
        folder, lambda tensors: tensors.update({f"{Q_PROJ}.weight": np.zeros((16, 64), np.int8)})
    )
    assert "dtype is I8, config.json asks for U8" in fault(folder)


def test_packed_weights_where_config_promises_a_master(folder):
    config = json.loads((folder / "config.json").read_text())
    config["quantization_config"]["quantization_mode"] = "online"
    (folder / "config.json").write_text(json.dumps(config))
    assert "weight_scale' is none of this network's" in fault(folder)


@pytest.mark.parametrize(
    ("bits", "shown"),
    [
        (0x7FC0, "nan"),
        (0x7F80, "inf"),
        (0x0000, "0"),
        (0x8000, "-0"),
        (0xBF80, "-1"),
        (0x007F, "e-38"),  # the largest denormal
    ],
)
def test_scale_that_is_none(folder, bits, shown):
    name = f"{Q_PROJ}.weight_scale"
    rewrite(folder, lambda tensors: tensors.update({name: np.array([bits], np.uint16)}))
    assert re.search(
        rf"{re.escape(name)}' is \S*{shown}; a scale is a finite number", fault(folder)
    )


def test_smallest_normal_scale_is_taken(folder):
    name = f"{Q_PROJ}.weight_scale"
    rewrite(folder, lambda tensors: tensors.update({name: np.array([0x0080], np.uint16)}))
    assert load_network(str(folder)).layers[1].products[0][0].scale == 2.0**-126


@pytest.mark.parametrize("shift", [0, 2, 4, 6])
def test_reserved_code(folder, shift):
    def change(tensors):
        tensors[f"{GATE}.weight"][-1, -1] |= 3 << shift

    rewrite(folder, change)
    assert f"{GATE}.weight' has the reserved code 3 in 1 places" in fault(folder)


@pytest.mark.parametrize("name", [EMBEDDING, "lm_head.weight", NORM])
@pytest.mark.parametrize("bits", [0x7F80, 0xFFC1])
def test_value_that_is_not_finite(folder, name, bits):
    def change(tensors):
        tensors[name].reshape(-1)[-1] = bits

    rewrite(folder, change)
    assert f"{name}' has values that are not finite" in fault(folder)


def test_gains_that_overflow_are_told_when_they_do(folder):
    rewrite(folder, lambda tensors: tensors[NORM].fill(0x7F7F))
    network = load_network(str(folder))
    with pytest.raises(BitsimError, match=r"input of layers\.1\.down is not finite"):
        network.forward(np.array([1]), network.empty_cache(1))


def test_network_larger_than_the_machine_is_refused_before_it_is_made(tmp_path):
    text = (catalog.models_folder() / "networks" / "bitnet-b1.58-2b-4t.toml").read_text()
    path = tmp_path / "huge.toml"
    path.write_text(text.replace("hidden_size = 2560", "hidden_size = 655360"))
    with pytest.raises(BitsimError, match=r"GB of memory, .* GB are available"):
        load_network(str(path))


def test_packed_2b_checkpoint_has_542_tensors():
    expected = expected_tensors(catalog.load_network_spec("bitnet-b1.58-2b-4t"))
    assert len(expected) == 542
    assert expected["model.layers.29.mlp.down_proj.weight"].shape == (640, 6912)
    sizes = {"U8": 1, "BF16": 2}
    assert (
        sum(int(np.prod(each.shape)) * sizes[each.dtypes[0]] for each in expected.values())
        == 1_178_562_980
    )

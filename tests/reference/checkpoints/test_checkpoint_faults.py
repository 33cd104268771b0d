"""Checkpoint folders at the edge of what is taken; faults by name are in `tests/bad_input`."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from bitsim.errors import BitsimError
from bitsim.files.tensorfile import open_tensors, write_tensors
from bitsim.reference.checkpoints.folder.expected import expected_tensors
from bitsim.reference.checkpoints.load import load_network
from bitsim.spec import catalog

GOLDEN = Path(__file__).parents[2] / "golden" / "hf"
Q_PROJ = "model.layers.1.self_attn.q_proj"
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


def test_the_copy_itself_is_sound(folder):
    rewrite(folder, lambda tensors: None)
    assert load_network(str(folder)).spec.layers == 2
    assert load_network(str(folder / "config.json")).spec.layers == 2


def test_smallest_normal_scale_is_taken(folder):
    name = f"{Q_PROJ}.weight_scale"
    rewrite(folder, lambda tensors: tensors.update({name: np.array([0x0080], np.uint16)}))
    assert load_network(str(folder)).layers[1].products[0][0].scale == 2.0**-126


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

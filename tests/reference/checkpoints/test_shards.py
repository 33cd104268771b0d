"""Checkpoints of several files: what they hold is what one file would."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from bitsim.errors import BitsimError
from bitsim.files.tensorfile import TensorFile, open_tensors, write_tensors
from bitsim.reference.checkpoints.folder.shards import INDEX, WHOLE, ShardedTensors, open_folder
from bitsim.reference.checkpoints.inspection import checkpoint_info
from bitsim.reference.checkpoints.load import load_network

GOLDEN = Path(__file__).parents[2] / "golden" / "hf"
BY_HUGGING_FACE = GOLDEN / "untied_in_shards"  # tests/golden/hf/shard.py


def split(source, target, count):
    """A copy of a checkpoint folder with its tensors dealt out to so many shards."""
    target.mkdir()
    shutil.copy(source / "config.json", target)
    file = open_tensors(source / WHOLE)
    homes = {}
    for shard in range(count):
        path = target / f"model-{shard + 1:05d}-of-{count:05d}.safetensors"
        names = file.names[shard::count]
        bf16 = [name for name in names if file.dtype(name) == "BF16"]
        write_tensors(path, {name: file.tensor(name) for name in names}, bf16=bf16)
        homes |= dict.fromkeys(names, path.name)
    (target / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": homes}))
    return target


def logits(folder, tokens=6):
    network = load_network(str(folder))
    ids = np.arange(tokens)
    return network.forward(ids, network.empty_cache(tokens), all_logits=True)


@pytest.mark.parametrize("case", ["offline", "bitlinear", "untied", "dead_rows"])  # all modes
def test_three_shards_give_the_logits_of_one_file_bit_for_bit(tmp_path, case):
    folder = split(GOLDEN / case, tmp_path / case, 3)
    assert np.array_equal(logits(folder), logits(GOLDEN / case))


def test_shards_that_hugging_face_wrote_hold_what_the_one_file_holds():
    whole, shards = open_folder(GOLDEN / "untied"), open_folder(BY_HUGGING_FACE)
    assert isinstance(whole, TensorFile)
    assert isinstance(shards, ShardedTensors)
    assert len(shards.shards) == 3
    assert sorted(shards.names) == sorted(whole.names)
    for name in whole.names:
        assert shards.dtype(name) == whole.dtype(name)
        assert shards.shape(name) == whole.shape(name)
        assert np.array_equal(shards.tensor(name), whole.tensor(name))
        assert shards.path_of(name) in [shard.path for shard in shards.shards]
    assert np.array_equal(logits(BY_HUGGING_FACE), logits(GOLDEN / "untied"))


def test_info_counts_shards():
    whole, shards = (checkpoint_info(str(GOLDEN / name)) for name in ("untied", BY_HUGGING_FACE))
    assert shards.pop("shards") == 3
    assert shards == whole


def test_one_file_is_taken_where_there_is_an_index_too(tmp_path):
    folder = split(GOLDEN / "untied", tmp_path / "both", 2)
    shutil.copy(GOLDEN / "untied" / WHOLE, folder)
    (folder / INDEX).write_text("not JSON")
    assert np.array_equal(logits(folder), logits(GOLDEN / "untied"))
    (folder / WHOLE).unlink()
    with pytest.raises(BitsimError, match="not plain JSON"):
        load_network(str(folder))


@pytest.mark.parametrize("total", [{"total_size": 1}, {"total_size": "all"}, {}, None])
def test_total_size_is_not_compared(tmp_path, total):
    folder = shutil.copytree(BY_HUGGING_FACE, tmp_path / "shards")
    index = json.loads((folder / INDEX).read_text())
    index["metadata"] = total
    (folder / INDEX).write_text(json.dumps(index))
    assert load_network(str(folder)).spec.layers == 2


def test_shards_may_be_links_as_in_the_cache_of_hugging_face(tmp_path):
    for path in BY_HUGGING_FACE.iterdir():
        (tmp_path / path.name).symlink_to(path)
    assert load_network(str(tmp_path)).spec.layers == 2


def test_released_tensors_are_read_again():
    file = open_folder(BY_HUGGING_FACE)
    for name in file.names:
        view = file.tensor(name)
        before = view.copy()
        file.release(name)
        assert np.array_equal(view, before)
        assert np.array_equal(file.tensor(name), before)

"""A checkpoint in another form is the same network: weight for weight, logit for logit."""

import filecmp
import json
import shutil
from pathlib import Path

import gguf
import numpy as np
import pytest

from bitsim.errors import BitsimError, CheckFailedError
from bitsim.files.tensorfile import open_tensors, write_tensors
from bitsim.reference.checkpoints.conversion import (
    FORMS,
    compare,
    plan_conversion,
    write_conversion,
)
from bitsim.reference.checkpoints.conversion.to_gguf import promised_tensors
from bitsim.reference.checkpoints.gguf import names as gguf_names
from bitsim.reference.checkpoints.gguf.writer import GgufPlan
from bitsim.reference.checkpoints.load import load_network
from bitsim.reference.kernels.random_bits import to_bf16
from bitsim.spec import catalog
from tests.reference.checkpoints.converting import (
    SUFFIX,
    assert_same_network,
    converted,
    matrices,
    same_tensors,
)
from tests.reference.checkpoints.gguf import gguf_writer as w
from tests.reference.checkpoints.gguf.test_gguf_network import embedding_of, write_by_package
from tests.reference.checkpoints.test_checkpoint_make import made


@pytest.mark.parametrize("second", FORMS)
@pytest.mark.parametrize("first", FORMS)
def test_every_form_becomes_every_form_bit_for_bit(tmp_path, folder, first, second):
    source = load_network(str(folder))
    middle, last = tmp_path / f"first{SUFFIX[first]}", tmp_path / f"second{SUFFIX[second]}"
    converted(folder, first, middle)
    converted(middle, second, last)
    assert_same_network(load_network(str(middle)), source)
    assert_same_network(load_network(str(last)), source)
    if second == "safetensors":
        written = (last / "model.safetensors").read_bytes()
        assert written == (folder / "model.safetensors").read_bytes()
        assert (last / "config.json").read_bytes() == (folder / "config.json").read_bytes()


@pytest.mark.parametrize("case", ["offline", "untied", "float32"])
def test_a_file_that_transformers_read_comes_back_from_gguf_as_it_was(tmp_path, case):
    """transformers' logits of these files are recorded: tests/golden/hf/record.py."""
    source = w.GOLDEN / case
    converted(source, "i2_s", tmp_path / "there.gguf")
    converted(tmp_path / "there.gguf", "safetensors", tmp_path / "back")
    same_tensors(tmp_path / "back" / "model.safetensors", source / "model.safetensors")
    written = json.loads((tmp_path / "back" / "config.json").read_text())
    golden = json.loads((source / "config.json").read_text())
    assert {key: written[key] for key in golden} == golden


def test_shards_become_one_file(tmp_path):
    converted(w.GOLDEN / "untied_in_shards", "safetensors", tmp_path / "one")
    same_tensors(tmp_path / "one" / "model.safetensors", w.GOLDEN / "untied" / "model.safetensors")


def test_scales_that_divide_become_scales_that_multiply(tmp_path):
    source = load_network(str(w.GOLDEN / "bitlinear"))
    plan = converted(w.GOLDEN / "bitlinear", "safetensors", tmp_path / "out")
    assert_same_network(load_network(str(tmp_path / "out")), source)
    assert "scales are written as F32" in plan.notes[0]
    file = open_tensors(tmp_path / "out" / "model.safetensors")
    old = open_tensors(w.GOLDEN / "bitlinear" / "model.safetensors")
    for name, _, _ in matrices(source):
        divisor = w.widened(old.tensor(f"{name}.weight_scale"))[0]
        assert file.tensor(f"{name}.weight_scale")[0] == np.float32(1 / np.float64(divisor))


def master(folder):
    """A bf16 master of the wide shape, online."""
    rng = np.random.default_rng(3)
    network = load_network(str(folder))
    tensors = {}
    old = open_tensors(folder / "model.safetensors")
    for name in old.names:
        if old.dtype(name) == "BF16" and not name.endswith("_scale"):
            tensors[name] = old.tensor(name)
    for name, _, _ in matrices(network):
        rows, k = old.shape(f"{name}.weight")
        tensors[f"{name}.weight"] = to_bf16(rng.normal(0, 1.3, (4 * rows, k)))
    out = folder.parent / "master"
    out.mkdir()
    config = json.loads((folder / "config.json").read_text())
    config["quantization_config"]["quantization_mode"] = "online"
    (out / "config.json").write_text(json.dumps(config))
    write_tensors(out / "model.safetensors", tensors, bf16=tensors)
    return out


def test_a_bf16_master_is_ternarised_and_f16_does_not_hold_its_scales(tmp_path, folder):
    online = master(folder)
    source = load_network(str(online))
    for form in ("safetensors", "i2_s"):
        out = tmp_path / f"out{SUFFIX[form]}"
        converted(online, form, out)
        assert_same_network(load_network(str(out)), source)
    with pytest.raises(BitsimError) as caught:
        plan_conversion(str(online), "tq2_0", tmp_path / "no.gguf")
    scale = matrices(source)[0][2]
    assert str(caught.value) == (
        f"blk.0.attn_q.weight: its scale {float(scale)!r} is no number of F16, which TQ2_0 has; "
        f"convert to i2_s, whose scale is F32"
    )
    assert not (tmp_path / "no.gguf").exists()


def test_the_published_i2_s_file_has_these_tensor_bytes():
    spec = catalog.load_network_spec("bitnet-b1.58-2b-4t")
    promised = promised_tensors(spec, "I2_S", {"model.embed_tokens.weight": "F16"})
    assert len(promised) == 332
    assert GgufPlan(Path("2b"), {}, promised).tensor_bytes == 1_179_449_920
    tq2_0 = promised_tensors(spec, "TQ2_0", {"model.embed_tokens.weight": "F16"})
    more = 2_084_044_800 // 256 * 66 - 2_084_044_800 // 4 - 210 * 32
    assert GgufPlan(Path("2b"), {}, tq2_0).tensor_bytes == 1_179_449_920 + more


@pytest.mark.parametrize("kind", ["F32", "F16", "BF16", "Q8_0", "Q6_K"])
def test_embeddings_are_kept_as_they_are_between_ggufs_and_exactly_in_safetensors(tmp_path, kind):
    kind = gguf.GGMLQuantizationType[kind]
    raw, values = embedding_of(kind, np.random.default_rng(7))
    source = tmp_path / "source.gguf"
    write_by_package(source, gguf.GGMLQuantizationType.TQ2_0, (kind, raw), np.random.default_rng(8))
    network = load_network(str(source))
    for form in ("i2_s", "tq2_0"):
        out = tmp_path / f"{form}.gguf"
        converted(source, form, out)
        assert_same_network(load_network(str(out)), network)
        if form == "tq2_0":
            tensor = next(t for t in gguf.GGUFReader(out).tensors if t.name == "token_embd.weight")
            assert tensor.tensor_type == kind
            assert tensor.data.tobytes() == raw.tobytes()
    plan = converted(source, "safetensors", tmp_path / "folder")
    assert "written as F32, exactly" in plan.notes[0]  # the gains are no bf16
    file = open_tensors(tmp_path / "folder" / "model.safetensors")
    assert {file.dtype(name) for name in file.names} == {"F32", "U8"}
    assert np.array_equal(file.tensor("model.embed_tokens.weight"), values)
    config = json.loads((tmp_path / "folder" / "config.json").read_text())
    assert config["torch_dtype"] == "float32"
    assert_same_network(load_network(str(tmp_path / "folder")), network)


def with_tensor(folder, out, name, change):
    """A copy of a packed folder, one tensor of it changed."""
    out.mkdir()
    (out / "config.json").write_bytes((folder / "config.json").read_bytes())
    old = open_tensors(folder / "model.safetensors")
    tensors = {each: old.tensor(each) for each in old.names}
    tensors[name] = change(tensors[name].copy())
    bf16 = {each for each in old.names if old.dtype(each) == "BF16"}
    write_tensors(out / "model.safetensors", tensors, {"format": "pt"}, bf16)
    return out


def small_values(bits):
    bits[3, ::5] = to_bf16(np.array([1.2345e-6]))  # F16 has fewer bits there
    bits[4, 2] = to_bf16(np.array([1e-30]))[0]
    return bits


def test_an_f16_embedding_that_was_bf16_is_bf16_again(tmp_path, folder):
    source = with_tensor(folder, tmp_path / "small", "lm_head.weight", small_values)
    plan = converted(source, "i2_s", tmp_path / "f16.gguf", f16=True)
    old = open_tensors(source / "model.safetensors")
    tables = [w.widened(old.tensor(f"{n}.weight")) for n in ("model.embed_tokens", "lm_head")]
    changed = sum(int((table.astype(np.float16) != table).sum()) for table in tables)
    assert plan.rounded == changed == 53
    assert "bitnet.cpp takes the embedding as head too" in plan.notes[0]
    assert f"{changed} values of embedding and head are changed" in plan.notes[1]
    back = converted(tmp_path / "f16.gguf", "safetensors", tmp_path / "back")
    file = open_tensors(tmp_path / "back" / "model.safetensors")
    assert file.dtype("lm_head.weight") == "BF16"
    rounded = tables[1].astype(np.float16).astype(np.float32)
    assert np.array_equal(w.widened(file.tensor("lm_head.weight")), rounded)
    assert back.rounded == 0


def test_ternary_weights_of_tq1_0_and_a_scale_of_its_own_are_carried_over(tmp_path):
    rng = np.random.default_rng(9)
    embedding = gguf.GGMLQuantizationType.F32, np.ones((64, 256), np.float32)
    source = tmp_path / "source.gguf"
    write_by_package(source, gguf.GGMLQuantizationType.TQ1_0, embedding, rng, own_scale=0.3)
    for form in ("i2_s", "safetensors"):
        converted(source, form, tmp_path / f"out{SUFFIX[form]}")
        out = load_network(str(tmp_path / f"out{SUFFIX[form]}"))
        assert_same_network(out, load_network(str(source)))


def test_a_matrix_of_zeros_keeps_its_scale(tmp_path, folder):
    name = "model.layers.1.mlp.down_proj.weight"
    zeros = with_tensor(folder, tmp_path / "zeros", name, lambda bits: np.full_like(bits, 0x55))
    converted(zeros, "tq2_0", tmp_path / "zeros.gguf")
    converted(tmp_path / "zeros.gguf", "safetensors", tmp_path / "back")
    same_tensors(tmp_path / "back" / "model.safetensors", zeros / "model.safetensors")


def flipped(path, at):
    raw = bytearray(path.read_bytes())
    raw[at] ^= 0x08
    path.write_bytes(raw)


@pytest.mark.parametrize(
    ("name", "at", "says"),
    [
        ("blk.1.ffn_up.weight", 5, "mlp.up_proj, its codes"),
        ("blk.0.attn_k.weight", -31, "self_attn.k_proj, its scale"),
        ("token_embd.weight", 700, "model.embed_tokens.weight"),
        ("output.weight", -2, "lm_head.weight"),
        ("blk.1.ffn_sub_norm.weight", 9, "ffn_sub_norm.weight"),
    ],
)
def test_one_bit_that_differs_in_the_result_is_found(tmp_path, folder, name, at, says):
    path = tmp_path / "out.gguf"
    plan = plan_conversion(str(folder), "i2_s", path)
    write_conversion(plan)
    offset = len(plan.plan.header())
    for own, promise in plan.plan.promised.items():
        if own == name:
            break
        offset += -(-promise.nbytes // 32) * 32
    raw = path.read_bytes()
    place = offset + (at if at >= 0 else promise.nbytes + at)
    if "codes" in says:  # 0 and 2 of a pair of bits: another weight, and not the reserved one
        raw = bytearray(raw)
        raw[place] = 0x55 if raw[place] != 0x55 else 0x56
        path.write_bytes(raw)
    else:
        flipped(path, place)
    with pytest.raises(CheckFailedError) as caught:
        compare(plan)
    assert says in str(caught.value)
    assert "differs from the source; do not use it" in str(caught.value)


def test_names_of_both_worlds_are_those_of_the_tests_own_writer():
    for own, module in w.MODULES.items():
        assert gguf_names.matrix_name(f"model.layers.12.{module}") == f"blk.12.{own}.weight"
    for own, norm in w.NORMS.items():
        assert gguf_names.float_name(f"model.layers.3.{norm}.weight") == f"blk.3.{own}.weight"


@pytest.mark.full
def test_the_2b_dimensions_go_round_all_forms_and_come_back_as_they_were(tmp_path):
    folder = made(tmp_path / "2b", "bitnet-b1.58-2b-4t")
    converted(folder, "i2_s", tmp_path / "a.gguf")
    converted(tmp_path / "a.gguf", "tq2_0", tmp_path / "b.gguf")
    (tmp_path / "a.gguf").unlink()
    converted(tmp_path / "b.gguf", "safetensors", tmp_path / "back")
    (tmp_path / "b.gguf").unlink()
    files = [each / "model.safetensors" for each in (folder, tmp_path / "back")]
    assert filecmp.cmp(*files, shallow=False)
    plan = converted(folder, "i2_s", tmp_path / "f16.gguf", f16=True)
    size = (tmp_path / "f16.gguf").stat().st_size
    assert size == len(plan.plan.header()) + 1_179_449_920  # tensors of the published file
    shutil.rmtree(tmp_path)

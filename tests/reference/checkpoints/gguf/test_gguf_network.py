"""GGUF files as networks: against the safetensors form, and against the `gguf` package."""

import json

import gguf
import numpy as np
import pytest

from bitsim.cli import main
from bitsim.errors import BitsimError
from bitsim.files.tensorfile import open_tensors
from bitsim.reference.checkpoints.gguf.checkpoint import GgufCheckpoint
from bitsim.reference.checkpoints.inspection import checkpoint_info
from bitsim.reference.checkpoints.load import load_network, load_shape, needed_bytes
from bitsim.spec import catalog
from tests.reference.checkpoints.gguf import gguf_writer as w

IDS = np.array([3, 77, 5, 90, 2, 2, 61])
HIDDEN, FFN, VOCAB = 256, 512, 64


def config(case):
    return json.loads((w.GOLDEN / case / "config.json").read_text())


def write_golden(tmp_path, case, architecture="bitnet-b1.58", embedding_type=w.BF16):
    path = tmp_path / "model.gguf"
    keys = w.golden_keys(config(case), architecture)
    tensors = w.golden_tensors(case, config(case), embedding_type)
    path.write_bytes(w.file_bytes(keys.values(), tensors))
    return path


def logits(network):
    return network.forward(IDS, network.empty_cache(IDS.size), all_logits=True)


@pytest.mark.parametrize("embedding_type", [w.BF16, w.F16, w.F32])
@pytest.mark.parametrize(
    ("case", "architecture"),
    [("offline", "bitnet-b1.58"), ("offline", "bitnet-25"), ("untied", "bitnet")],
)
def test_i2_s_file_gives_the_logits_of_its_safetensors_form(
    tmp_path, case, architecture, embedding_type
):
    path = write_golden(tmp_path, case, architecture, embedding_type)
    ours, theirs = load_network(str(path)), load_network(str(w.GOLDEN / case))
    assert ours.spec == theirs.spec.changed({"name": "model"})
    assert (ours.head is ours.embedding) == (case == "offline")
    for layer, other in zip(ours.layers, theirs.layers, strict=True):
        for matrices, others in zip(layer.products, other.products, strict=True):
            assert [m.digest for m in matrices] == [m.digest for m in others]
            assert [m.scale for m in matrices] == [m.scale for m in others]
            assert [m.name for m in matrices] == [m.name for m in others]
    stored = w.widened(theirs.embedding.bits)
    kept = stored.astype(np.float16).astype(np.float32) if embedding_type == w.F16 else stored
    assert ours.embedding.rows(np.arange(ours.spec.vocab_size)).tobytes() == kept.tobytes()
    if np.array_equal(kept, stored):
        assert logits(ours).tobytes() == logits(theirs).tobytes()
    else:
        np.testing.assert_allclose(logits(ours), logits(theirs), atol=1e-3)


def write_by_package(path, kind, embedding, rng, scale=0.75, own_scale=None):
    """A one-layer network by the `gguf` package; returns its weights by module name."""
    writer = gguf.GGUFWriter(path, "bitnet")
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(FFN)
    writer.add_block_count(1)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_context_length(32)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(500000.0)
    writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
    writer.add_rope_scaling_factor(1.0)
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_eot_token_id(9)
    writer.add_token_list([f"token {index}" for index in range(VOCAB)])
    embedding_kind, raw = embedding
    writer.add_tensor("token_embd.weight", raw, raw_dtype=embedding_kind)
    for name, width in (("output_norm", HIDDEN), *((f"blk.0.{n}", HIDDEN) for n in w.NORMS)):
        width = FFN if "ffn_sub" in name else width
        writer.add_tensor(f"{name}.weight", np.linspace(0.5, 2, width, dtype=np.float32))
    weights = {}
    for name, module in w.MODULES.items():
        n = {"attn_k": 128, "attn_v": 128, "ffn_gate": FFN, "ffn_up": FFN}.get(name, HIDDEN)
        k = FFN if name == "ffn_down" else HIDDEN
        codes = rng.integers(-1, 2, (n, k)).astype(np.int8)
        codes[3, :256] = 0  # a block of zeros, which ggml gives the scale 0
        packed = gguf.quants.quantize(codes * np.float32(scale), kind)
        writer.add_tensor(f"blk.0.{name}.weight", packed, raw_dtype=kind)
        if own_scale is not None:
            writer.add_tensor(f"blk.0.{name}.scale", np.array([own_scale], np.float32))
        weights[f"model.layers.0.{module}"] = codes
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return weights


def embedding_of(kind, rng):
    """Random values as the package stores them, and as it reads them back."""
    if kind == gguf.GGMLQuantizationType.Q6_K:  # the package writes none: any bytes are one
        raw = rng.integers(0, 256, (VOCAB, 210), dtype=np.uint8)
        raw[:, 208:] = rng.normal(0, 0.01, (VOCAB, 1)).astype("<f2").view(np.uint8)
    else:
        raw = gguf.quants.quantize(rng.normal(0, 1, (VOCAB, HIDDEN)).astype(np.float32), kind)
    return raw, gguf.quants.dequantize(raw, kind)


@pytest.mark.parametrize("own_scale", [None, 0.3])
@pytest.mark.parametrize("kind", ["TQ1_0", "TQ2_0"])
def test_ternary_types_of_the_package_are_read_bit_for_bit(tmp_path, kind, own_scale):
    rng = np.random.default_rng(5)
    path = tmp_path / "tq.gguf"
    embedding = gguf.GGMLQuantizationType.F32, np.ones((VOCAB, HIDDEN), np.float32)
    weights = write_by_package(
        path, gguf.GGMLQuantizationType[kind], embedding, rng, own_scale=own_scale
    )
    network = load_network(str(path))
    assert network.spec.eos_ids == (1, 9)
    found = {m.name: m for matrices in network.layers[0].products for m in matrices}
    assert found.keys() == weights.keys()
    for name, codes in weights.items():
        assert np.array_equal(found[name].unpack(), codes)
        assert found[name].scale == 0.75 * float(np.float32(own_scale or 1))
    assert checkpoint_info(str(path))["tensor_types"][kind] == 7
    last = network.forward(IDS % VOCAB, network.empty_cache(IDS.size))
    assert np.isfinite(last).all()


@pytest.mark.parametrize("kind", ["F32", "F16", "BF16", "Q8_0", "Q6_K"])
def test_embedding_and_gains_are_the_packages_values_bit_for_bit(tmp_path, kind):
    rng = np.random.default_rng(6)
    path = tmp_path / "values.gguf"
    kind = gguf.GGMLQuantizationType[kind]
    raw, values = embedding_of(kind, rng)
    write_by_package(path, gguf.GGMLQuantizationType.TQ2_0, (kind, raw), rng)
    network = load_network(str(path))
    assert network.embedding.form == kind.name.lower()
    assert network.embedding.rows(np.arange(VOCAB)).tobytes() == values.tobytes()
    gains = np.linspace(0.5, 2, HIDDEN, dtype=np.float32)
    assert network.final_norm.tobytes() == gains.tobytes()
    assert network.layers[0].input_norm.tobytes() == gains.tobytes()
    assert network.layers[0].ffn_norm.tobytes() == np.linspace(0.5, 2, FFN, dtype="f4").tobytes()
    gain_bytes = 4 * (4 * HIDDEN + FFN)
    matrix_bytes = (2 * HIDDEN**2 + 2 * 128 * HIDDEN + 3 * HIDDEN * FFN) // 4
    assert network.embedding.nbytes == raw.nbytes
    assert network.memory_bytes == raw.nbytes + gain_bytes + matrix_bytes
    assert needed_bytes(str(path)) == network.memory_bytes


@pytest.mark.parametrize(("kind", "scale_at"), [("F32", 0), ("F16", 0), ("Q8_0", 0), ("Q6_K", 208)])
def test_an_embedding_that_is_not_finite_is_refused_by_name(tmp_path, kind, scale_at):
    path = tmp_path / "values.gguf"
    kind = gguf.GGMLQuantizationType[kind]
    raw, _ = embedding_of(kind, np.random.default_rng(7))
    raw = raw.copy()
    infinite = np.array([np.inf], "<f4" if kind.name == "F32" else "<f2").view(np.uint8)
    raw.view(np.uint8).reshape(-1)[scale_at : scale_at + infinite.size] = infinite
    write_by_package(path, gguf.GGMLQuantizationType.TQ2_0, (kind, raw), np.random.default_rng(8))
    with pytest.raises(BitsimError, match=r"'token_embd\.weight' has values that are not finite"):
        load_network(str(path))


def test_a_tokenizer_beside_the_file_is_used(tmp_path):
    path = write_golden(tmp_path, "offline")
    (tmp_path / "tokenizer.json").write_text(
        '{"version":"1.0","model":{"type":"WordLevel","vocab":{"a":4},"unk_token":"a"}}'
    )
    assert load_network(str(path)).tokenizer.encode("a") == [4]


def test_the_command_line_takes_a_gguf_path(tmp_path, capsys):
    path = write_golden(tmp_path, "offline", embedding_type=w.F16)
    assert main(["checkpoint", "info", str(path), "--json"]) == 0
    info = json.loads(capsys.readouterr().out)
    assert info["tensor_types"] == {"F16": 1, "F32": 13, "I2_S": 21}
    assert info["tensors"] == 35
    out = tmp_path / "logits.safetensors"
    ids = ",".join(map(str, IDS))
    assert main(["logits", "--network", str(path), "--ids", ids, "--out", str(out)]) == 0
    written = open_tensors(out).tensor("logits")
    assert written.tobytes() == logits(load_network(str(path))).tobytes()


def test_version_2_and_another_alignment_are_read(tmp_path):
    path = write_golden(tmp_path, "offline")
    raw = bytearray(path.read_bytes())
    raw[4] = 2
    path.write_bytes(raw)
    assert load_network(str(path)).spec.layers == 3


def test_a_gguf_file_runs_in_the_array(tmp_path, capsys):
    path = write_golden(tmp_path, "offline")
    assert load_shape(str(path)) == GgufCheckpoint(path).network().spec
    words = catalog.models_folder() / "networks" / "addition" / "tokenizer.json"
    (tmp_path / "tokenizer.json").write_bytes(words.read_bytes())
    argv = ["run", "--network", str(path), "--prompt", "1+1=", "--tokens", "2", "--json"]
    assert main([*argv, "--out", str(tmp_path / "out")]) == 0
    assert json.loads(capsys.readouterr().out)["bit_exact"] is True
    assert main(["simulate", "--network", str(path)]) == 2
    assert "GGUF holds no zero fractions" in capsys.readouterr().err

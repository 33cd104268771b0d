"""What the `gguf` package finds in converted files."""

from itertools import pairwise

import gguf
import numpy as np

from bitsim.files.tensorfile import open_tensors
from bitsim.reference.checkpoints.load import load_network
from tests.reference.checkpoints.converting import converted
from tests.reference.checkpoints.gguf import gguf_writer as w


def check_keys(field, spec):
    """The keys that bitnet.cpp's loader asks for, by their published types."""
    a = "bitnet-b1.58"
    expected = {
        f"{a}.vocab_size": spec.vocab_size,
        f"{a}.context_length": spec.max_context,
        f"{a}.embedding_length": spec.hidden_size,
        f"{a}.block_count": spec.layers,
        f"{a}.feed_forward_length": spec.intermediate_size,
        f"{a}.rope.dimension_count": spec.head_dim,
        f"{a}.attention.head_count": spec.heads,
        f"{a}.attention.head_count_kv": spec.kv_heads,
        "general.alignment": 32,
        "general.quantization_version": 2,
        "tokenizer.ggml.bos_token_id": 0,
        "tokenizer.ggml.eos_token_id": 1,
        "tokenizer.ggml.eot_token_id": 7,
    }
    for key, value in expected.items():
        assert field(key).types == [gguf.GGUFValueType.UINT32], key
        assert field(key).contents() == value, key
    for key, value in (
        (f"{a}.attention.layer_norm_rms_epsilon", spec.rms_norm_eps),
        (f"{a}.rope.freq_base", spec.rope_theta),
    ):
        assert field(key).types == [gguf.GGUFValueType.FLOAT32], key
        assert field(key).contents() == np.float32(value)
    assert field("general.architecture").contents() == a
    assert field("general.name").contents() == "wide"
    assert field("tokenizer.ggml.model").contents() == "no_vocab"


def names_of(network):
    """GGUF's names of the matrices, by the table of the test's own writer."""
    names = {}
    for index in range(network.spec.layers):
        for own, module in w.MODULES.items():
            names[f"model.layers.{index}.{module}"] = f"blk.{index}.{own}.weight"
    return names


def check_floats(tensors, folder, spec):
    """Embedding and head in BF16, gains in F32, all as in the folder."""
    old = open_tensors(folder / "model.safetensors")
    pairs = {"token_embd": "model.embed_tokens", "output": "lm_head", "output_norm": "model.norm"}
    for index in range(spec.layers):
        for own, norm in w.NORMS.items():
            pairs[f"blk.{index}.{own}"] = f"model.layers.{index}.{norm}"
    for own, name in pairs.items():
        bits, tensor = old.tensor(f"{name}.weight"), tensors[f"{own}.weight"]
        kind = "F32" if own.endswith("norm") else "BF16"
        assert tensor.tensor_type.name == kind
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        assert np.array_equal(values, w.widened(bits))
    return len(pairs)


def test_the_gguf_package_reads_tq2_0_and_every_value_of_it(tmp_path, folder):
    path = tmp_path / "out.gguf"
    converted(folder, "tq2_0", path)
    network, reader = load_network(str(folder)), gguf.GGUFReader(path)
    check_keys(reader.get_field, network.spec)
    assert reader.get_field("general.file_type").contents() == gguf.LlamaFileType.MOSTLY_TQ2_0
    tensors = {tensor.name: tensor for tensor in reader.tensors}
    names = names_of(network)
    for layer in network.layers:
        for matrix in (each for product in layer.products for each in product):
            tensor = tensors[names[matrix.name]]
            assert tensor.tensor_type == gguf.GGMLQuantizationType.TQ2_0
            assert tensor.shape.tolist() == [matrix.k, matrix.n]
            values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
            assert np.array_equal(values, matrix.unpack() * np.float32(matrix.scale))
    assert len(tensors) == len(names) + check_floats(tensors, folder, network.spec)


class TypesAndI2S:
    """The package's enum, and 36 as itself."""

    def __call__(self, number):
        return number if number == 36 else gguf.GGMLQuantizationType(number)

    def __getattr__(self, name):
        return getattr(gguf.GGMLQuantizationType, name)


def test_the_gguf_package_finds_every_tensor_of_i2_s_once_told_its_size(
    tmp_path, folder, monkeypatch
):
    path = tmp_path / "out.gguf"
    converted(folder, "i2_s", path)
    module = gguf.gguf_reader
    sizes = {**module.GGML_QUANT_SIZES, 36: (128, 32)}  # the tail of 32 bytes apart
    monkeypatch.setattr(module, "GGMLQuantizationType", TypesAndI2S())
    monkeypatch.setattr(module, "GGML_QUANT_SIZES", sizes)
    shape_of = module.quant_shape_to_byte_shape
    monkeypatch.setattr(
        module,
        "quant_shape_to_byte_shape",
        lambda shape, kind: (*shape[:-1], shape[-1] // 4) if kind == 36 else shape_of(shape, kind),
    )
    reader = gguf.GGUFReader(path)
    network, raw = load_network(str(folder)), path.read_bytes()
    check_keys(reader.get_field, network.spec)
    assert reader.get_field("general.file_type").contents() == 40
    tensors = {tensor.name: tensor for tensor in reader.tensors}
    names = names_of(network)
    for layer in network.layers:
        for matrix in (each for product in layer.products for each in product):
            tensor = tensors[names[matrix.name]]
            assert tensor.shape.tolist() == [matrix.k, matrix.n]
            stored = np.frombuffer(raw, np.uint8, tensor.n_bytes, tensor.data_offset)
            codes = np.stack([stored.reshape(-1, 32) >> shift & 3 for shift in (6, 4, 2, 0)], 1)
            weights = codes.reshape(matrix.n, matrix.k).astype(np.int8) - 1
            assert np.array_equal(weights, matrix.unpack())
            tail = raw[tensor.data_offset + tensor.n_bytes :][:32]
            assert np.frombuffer(tail, "<f4").tolist() == [matrix.scale] + 7 * [0]
    by_place = sorted(reader.tensors, key=lambda tensor: tensor.data_offset)
    for one, other in pairwise(by_place):
        end = one.data_offset + one.n_bytes + (32 if one.tensor_type == 36 else 0)
        assert other.data_offset == -(-end // 32) * 32
    plain = {name: each for name, each in tensors.items() if each.tensor_type != 36}
    assert len(tensors) == len(names) + check_floats(plain, folder, network.spec)

"""A network's shape: the 2B model's counts, and what a config.json may and may not say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bitsim.errors import BitsimError
from bitsim.spec import base, catalog, network
from bitsim.spec.network import NetworkSpec

# Of the published bf16 master, as quoted in public repositories.
PUBLISHED = {
    "architectures": ["BitNetForCausalLM"],
    "model_type": "bitnet",
    "hidden_size": 2560,
    "intermediate_size": 6912,
    "num_hidden_layers": 30,
    "num_attention_heads": 20,
    "num_key_value_heads": 5,
    "hidden_act": "relu2",
    "vocab_size": 128256,
    "rms_norm_eps": 1e-5,
    "rope_theta": 500000.0,
    "max_position_embeddings": 4096,
    "tie_word_embeddings": True,
    "torch_dtype": "bfloat16",
    "bos_token_id": 128000,
    "eos_token_id": 128001,
    "quantization_config": {
        "quant_method": "bitnet",
        "linear_class": "autobitlinear",
        "quantization_mode": "online",
    },
}


def written(folder: Path, without: str = "", **changes: object) -> Path:
    table = {key: value for key, value in (PUBLISHED | changes).items() if key != without}
    path = folder / "config.json"
    path.write_text(json.dumps(table))
    return path


def fault(folder: Path, without: str = "", **changes: object) -> str:
    path = written(folder, without, **changes)
    with pytest.raises(BitsimError) as caught:
        network.from_config(path)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{path}: ") for line in lines)
    return "\n".join(line.removeprefix(f"{path}: ") for line in lines)


def test_the_2b_model_has_2_084_044_800_ternary_products_a_token():
    spec = catalog.load_network_spec("bitnet-b1.58-2b-4t")
    products = [product for layer in range(spec.layers) for product in spec.products(layer)]
    assert sum(product.phase(1).products for product in products) == 2_084_044_800
    assert spec.ternary_weights == 2_084_044_800
    assert len(products) == 120
    assert sum(len(product.matrices) for product in products) == 210


def test_the_2b_model_has_the_published_shapes():
    spec = catalog.load_network_spec("bitnet-b1.58-2b-4t")
    assert (spec.head_dim, spec.kv_size, spec.largest_k) == (128, 640, 6912)
    qkv, o, gate_up, down = spec.products(29)
    assert (qkv.name, qkv.rows, qkv.n, qkv.k) == ("layers.29.qkv", (2560, 640, 640), 3840, 2560)
    assert (o.name, o.n, o.k) == ("layers.29.o", 2560, 2560)
    assert (gate_up.name, gate_up.rows, gate_up.k) == ("layers.29.gate_up", (6912, 6912), 2560)
    assert (down.name, down.n, down.k) == ("layers.29.down", 2560, 6912)
    assert qkv.matrices == tuple(f"model.layers.29.self_attn.{p}_proj" for p in "qkv")
    assert down.matrices == ("model.layers.29.mlp.down_proj",)


def test_the_published_config_and_the_toml_describe_one_network(tmp_path):
    named = catalog.load_network_spec("bitnet-b1.58-2b-4t")
    read = network.from_config(written(tmp_path, eos_token_id=[128001, 128009]))
    own = {"name", "note", "statistics", "quantization_mode"}
    assert read.model_dump(exclude=own) == named.model_dump(exclude=own)
    assert read.quantization_mode == "online"
    assert read.name == tmp_path.name


@pytest.mark.parametrize(
    "key",
    [
        # transformers' class defaults for these are other values than the published file has
        "max_position_embeddings",
        "tie_word_embeddings",
        "num_key_value_heads",
        "rms_norm_eps",
        "hidden_size",
        "num_hidden_layers",
        "vocab_size",
        "rope_theta",
        "bos_token_id",
        "eos_token_id",
    ],
)
def test_a_field_that_config_json_leaves_out_is_asked_for_and_never_assumed(tmp_path, key):
    assert fault(tmp_path, without=key) == f"{key}: missing; add it"


def test_rope_theta_is_read_from_either_place(tmp_path):
    moved = {"rope_theta": 10000.0, "rope_type": "default"}
    assert network.from_config(written(tmp_path)).rope_theta == 500000.0
    path = written(tmp_path, without="rope_theta", rope_parameters=moved)
    assert network.from_config(path).rope_theta == 10000.0
    assert network.from_config(written(tmp_path, rope_parameters=None)).rope_theta == 500000.0


def test_null_kv_heads_means_one_for_each_head(tmp_path):
    assert network.from_config(written(tmp_path, num_key_value_heads=None)).kv_heads == 20


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"model_type": "llama"}, "model_type = 'llama'"),
        ({"hidden_act": "silu"}, "hidden_act = 'silu'"),
        ({"attention_bias": True}, "attention_bias = true"),
        ({"rope_scaling": {"type": "linear", "factor": 2.0}}, "rope_scaling"),
        ({"rope_parameters": {"rope_type": "yarn", "rope_theta": 1.0}}, "rope_type = 'yarn'"),
        ({"head_dim": 64}, "head_dim = 64: must be hidden_size / heads = 128"),
        ({"quantization_config": None}, "quantization_config.quant_method"),
        ({"quantization_config": {"quant_method": "bitnet"}}, "linear_class: must say"),
        (
            {"quantization_config": PUBLISHED["quantization_config"] | {"use_rms_norm": True}},
            "use_rms_norm = true",
        ),
    ],
)
def test_a_field_that_would_change_every_number_is_refused(tmp_path, changes, expected):
    assert expected in fault(tmp_path, **changes)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"num_attention_heads": 7}, "hidden_size = 2560 is not a multiple of heads = 7"),
        ({"num_key_value_heads": 3}, "heads = 20 is not a multiple of kv_heads = 3"),
        ({"hidden_size": 20 * 127}, "hidden_size / heads = 127 is odd"),
        ({"bos_token_id": 128256}, "token id 128256 is outside the vocabulary of 128256"),
        ({"eos_token_id": [1, -1]}, "token id -1 is outside"),
        ({"num_hidden_layers": 0}, "num_hidden_layers = 0"),
        ({"num_hidden_layers": 513}, "num_hidden_layers = 513"),
        ({"num_hidden_layers": True}, "num_hidden_layers = True"),
        ({"hidden_size": 2560.0}, "hidden_size = 2560.0"),
        ({"hidden_size": 10**400}, "hidden_size = 1000"),
        ({"vocab_size": 1 << 40}, f"vocab_size = {1 << 40}"),
        ({"rms_norm_eps": 0}, "rms_norm_eps = 0"),
        ({"tie_word_embeddings": "yes"}, "tie_word_embeddings = 'yes'"),
        ({"eos_token_id": ["a"]}, "eos_token_id.0 = 'a'"),
    ],
)
def test_impossible_dimensions_are_named_as_the_file_names_them(tmp_path, changes, expected):
    assert expected in fault(tmp_path, **changes)


def test_all_faults_of_a_config_come_at_once(tmp_path):
    text = fault(tmp_path, hidden_size=-1, vocab_size="many", tie_word_embeddings=1)
    assert [line.split(" ")[0] for line in text.splitlines()] == [
        "hidden_size",
        "vocab_size",
        "tie_word_embeddings",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "not plain JSON"),
        ("[1]", "holds a list"),
        ('{"a": NaN}', "NaN is not a JSON number"),
        ('{"a": 1, "a": 2}', "key 'a' twice"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": "\\ud800"}', "not a character"),
        ('{"a": ' + "9" * 5000 + "}", "not plain JSON"),
    ],
)
def test_a_config_that_is_not_plain_json_is_one_line(tmp_path, text, expected):
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(BitsimError) as caught:
        network.from_config(path)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_infinity_by_a_large_exponent_is_refused(tmp_path):
    path = written(tmp_path)
    path.write_text(path.read_text().replace("500000.0", "1e999"))
    with pytest.raises(BitsimError, match=r"rope_theta = inf: .*finite"):
        network.from_config(path)


def test_head_dim_must_be_even_at_the_limit():
    table = catalog.load_network_spec("bitnet-b1.58-2b-4t").model_dump()
    assert base.check(NetworkSpec, table | {"hidden_size": 40, "heads": 20}, "x").head_dim == 2
    with pytest.raises(BitsimError, match="is odd"):
        base.check(NetworkSpec, table | {"hidden_size": 20, "heads": 20}, "x")


def test_zero_fractions_are_read_from_beside_the_config(tmp_path):
    path = written(tmp_path)
    assert network.from_config(path).statistics is None
    fractions = 'zero_weight_fraction = 0.25\nzero_ffn_fraction = 0.5\nsource = "counted by hand"\n'
    (tmp_path / "statistics.toml").write_text(fractions)
    statistics = network.from_config(path).statistics
    assert (statistics.zero_weight_fraction, statistics.zero_ffn_fraction) == (0.25, 0.5)
    (tmp_path / "statistics.toml").write_text("zero_weight_fraction = 2.0\n")
    with pytest.raises(BitsimError, match=r"statistics\.toml: zero_weight_fraction = 2\.0"):
        network.from_config(path)

"""config.json that says nothing, or what bitsim does not compute."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import cycle
from typing import Any

from tests.bad_input.bad_file import BadFile
from tests.bad_input.good_checkpoint import COMMANDS, CONFIG, VOCAB, Q, good_folder

FILE = "config.json"
GIB = 1 << 30
Fault = tuple[str, bytes, str]  # a sentence, the file, what must be said of it


def bad_configs() -> Iterator[BadFile]:
    """All of them."""
    argv = cycle(COMMANDS)
    for name, content, says in (*_configs(), *_modules(), *_config_texts()):
        files = good_folder() | {FILE: content}
        yield BadFile("checkpoint", name, files, FILE, next(argv), says)
    sizes = {FILE: 8 * GIB}
    name, says = "config.json has 8 GiB", "8589934592 bytes; such a file has at most"
    yield BadFile("checkpoint", name, good_folder(), FILE, next(argv), says, sizes)


def _configs() -> Iterator[Fault]:
    quantization = CONFIG["quantization_config"]
    assert isinstance(quantization, dict)
    changes: list[tuple[str, dict[str, Any], str]] = [
        ("there are 0 layers", {"num_hidden_layers": 0}, "num_hidden_layers = 0: "),
        ("there are 513 layers", {"num_hidden_layers": 513}, "num_hidden_layers = 513: "),
        ("there are 1.0 layers", {"num_hidden_layers": 1.0}, "num_hidden_layers = 1.0: "),
        ("the heads do not divide the width", {"num_attention_heads": 3}, "multiple of heads = 3"),
        (
            "a head is 1 wide",
            {"num_attention_heads": 16, "num_key_value_heads": 16},
            "hidden_size / heads = 1 is odd",
        ),
        (
            "a head is 3 wide",
            {"hidden_size": 12, "num_attention_heads": 4},
            "hidden_size / heads = 3 is odd",
        ),
        ("there are no heads", {"num_attention_heads": 0}, "num_attention_heads = 0: "),
        ("the kv heads do not divide", {"num_key_value_heads": 3}, "multiple of kv_heads = 3"),
        ("head_dim is another", {"head_dim": 8}, "head_dim = 8: must be hidden_size / heads"),
        ("the width is negative", {"hidden_size": -16}, "hidden_size = -16: "),
        ("the width has 400 digits", {"hidden_size": 10**400}, "hidden_size = 1000"),
        ("the width is a string", {"hidden_size": "16"}, "hidden_size = '16': "),
        ("the FFN's width is true", {"intermediate_size": True}, "intermediate_size = True: "),
        ("the vocabulary has 2^62", {"vocab_size": 1 << 62}, "vocab_size = 4611686018427387904: "),
        ("the vocabulary is null", {"vocab_size": None}, "vocab_size = None: "),
        ("the context is 0", {"max_position_embeddings": 0}, "max_position_embeddings = 0: "),
        ("the eps is negative", {"rms_norm_eps": -1e-5}, "rms_norm_eps = -1e-05: "),
        ("the eps is 0", {"rms_norm_eps": 0.0}, "rms_norm_eps = 0.0: "),
        ("tie_word_embeddings is null", {"tie_word_embeddings": None}, "embeddings = None: "),
        ("the bos is outside", {"bos_token_id": VOCAB}, f"token id {VOCAB} is outside"),
        ("the eos is a list of lists", {"eos_token_id": [1, [2]]}, "eos_token_id.1 = (2,): "),
        ("the eos is null", {"eos_token_id": None}, "eos_token_id.0 = None: "),
        ("the activation is gelu", {"hidden_act": "gelu"}, "hidden_act = 'gelu': "),
        ("the model is llama", {"model_type": "llama"}, "model_type = 'llama': "),
        ("the model is 10 kB", {"model_type": {"a": "b" * 10_000}}, "model_type = {'a': 'bbb"),
        ("attention has a bias", {"attention_bias": True}, "attention_bias = true: "),
        ("RoPE is scaled", {"rope_scaling": {"factor": 2}}, "rope_scaling: "),
        (
            "RoPE is llama3's",
            {"rope_parameters": {"rope_type": "llama3"}},
            "rope_parameters.rope_type = 'llama3': ",
        ),
        ("rope_theta is 0", {"rope_parameters": {"rope_theta": 0}}, "rope_theta = 0: "),
        ("quantization is a number", {"quantization_config": 1}, "quantization_config.quant_"),
        (
            "quantization is GPTQ",
            {"quantization_config": {"quant_method": "gptq"}},
            "quantization_config.quant_method: ",
        ),
        (
            "neither autobitlinear nor bitlinear is said, so scales multiply or divide",
            {"quantization_config": {"quant_method": "bitnet"}},
            "linear_class: must say 'autobitlinear' (scales multiply) or 'bitlinear' (scales div",
        ),
        (
            "the linear class is another",
            {"quantization_config": quantization | {"linear_class": "bitnet"}},
            "quantization_config.linear_class: ",
        ),
        (
            "the quantization mode is another",
            {"quantization_config": quantization | {"quantization_mode": "later"}},
            "quantization_mode = 'later': ",
        ),
        (
            "layers have a norm of their own",
            {"quantization_config": quantization | {"use_rms_norm": True}},
            "quantization_config.use_rms_norm = true: ",
        ),
    ]
    for name, change, says in changes:
        yield name, json.dumps(CONFIG | change).encode(), says
    for key in ("hidden_size", "tie_word_embeddings", "max_position_embeddings", "rope_theta"):
        left = {name: value for name, value in CONFIG.items() if name != key}
        yield f"there is no {key}", json.dumps(left).encode(), f"{key}: missing; add it"


def _modules() -> Iterator[Fault]:
    """What `modules_to_not_convert` must not say, as transformers matches it."""
    quantization = CONFIG["quantization_config"]
    assert isinstance(quantization, dict)
    field = "quantization_config.modules_to_not_convert"
    for name, listed, says in (
        ("a matrix", ["lm_head", Q], f"{field}: '{Q}' leaves {Q} in floats"),
        ("a layer", ["lm_head", "model.layers.0"], f"{field}: 'model.layers.0' leaves "),
        ("matrices by their ending", ["down_proj", "lm_head"], f"{field}: 'down_proj' leaves "),
        ("all by nothing", [""], f"{field}: '' leaves "),
        ("matrices by any character", ["model.layers..", "lm_head"], "'model.layers..' leaves "),
        ("a pattern", ["(a+)+$"], f"{field} = '(a+)+$': "),
        ("no head", ["model.embed_tokens"], f"{field}: leaves out no lm_head"),
        ("nothing", [], f"{field}: leaves out no lm_head"),
        ("a number", [1], f"{field} = 1: "),
        ("a string", "lm_head", f"{field} = 'lm_head': "),
        ("10,000 names", ["lm_head"] + ["x"] * 10_000, "must be null or a list of at most 64"),
        ("a name of 10,000", ["lm_head", "x" * 10_000], f"{field} = 'xxx"),
    ):
        table = quantization | {"modules_to_not_convert": listed}
        content = json.dumps(CONFIG | {"quantization_config": table}).encode()
        yield f"the modules not to convert are {name}", content, says


def _config_texts() -> Iterator[Fault]:
    good = json.dumps(CONFIG)
    for name, content, says in (
        ("is empty", b"", "not plain JSON"),
        ("is cut", good[:-1].encode(), "not plain JSON"),
        ("is a list", b"[]", "holds a list, not a JSON object; use"),
        ("is not UTF-8", b'{"a": "\xff"}', "byte 7 is not UTF-8"),
        ("has half a character", b'{"a": "\\udc00"}', "that is not a character"),
        (
            "has a key twice",
            good.replace("{", '{"hidden_size": 1, ', 1).encode(),
            "'hidden_size' twice",
        ),
        ("has a NaN", good.replace("10000.0", "NaN").encode(), "NaN is not a JSON number"),
        ("has an infinity", good.replace("10000.0", "1e999").encode(), "rope_theta = inf: "),
        ("is nested 200,000 deep", b'{"a": ' + b"[" * 200_000, "nested too deeply"),
        ("has a number of 5000 digits", b'{"a": ' + b"9" * 5000 + b"}", "Exceeds the limit"),
        ("has a megabyte", b" " * (1 << 20), "1048576 bytes; such a file has at most"),
    ):
        yield f"config.json {name}", content, says

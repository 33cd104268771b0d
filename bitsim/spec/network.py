"""The shape of a BitNet b1.58 network: from a TOML of models/networks or a config.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from bitsim.errors import BitsimError
from bitsim.spec import base
from bitsim.spec.base import Spec
from bitsim.spec.phase import Phase

LinearClass = Literal["autobitlinear", "bitlinear"]
MAX_LAYERS = 512


class Statistics(Spec):
    """What synthetic weights and activations are made to look like, and where that is from."""

    zero_weight_fraction: float = Field(gt=0, lt=1)
    zero_ffn_fraction: float = Field(gt=0, lt=1)  # of squared ReLU's outputs, mean over layers
    source: str


class Product(Spec):
    """Ternary matrices that share one input, run as one phase with their rows stacked."""

    name: str  # "layers.3.qkv"
    matrices: tuple[str, ...]  # Hugging Face module names, in the order of their rows
    rows: tuple[PositiveInt, ...]
    k: PositiveInt

    @property
    def n(self) -> int:
        """Rows of all matrices."""
        return sum(self.rows)

    def phase(self, m: int) -> Phase:
        """The phase for `m` activation vectors."""
        return Phase(name=self.name, n=self.n, k=self.k, m=m)


class NetworkSpec(Spec):
    """Dimensions and constants of one network (transformers `BitNetConfig`)."""

    name: str
    note: str = ""
    hidden_size: PositiveInt
    intermediate_size: PositiveInt
    layers: int = Field(ge=1, le=MAX_LAYERS)
    heads: PositiveInt
    kv_heads: PositiveInt
    vocab_size: PositiveInt
    max_context: PositiveInt
    rms_norm_eps: PositiveFloat
    rope_theta: PositiveFloat
    tied_head: bool
    bos_id: int = Field(ge=0)
    eos_ids: tuple[int, ...]
    linear_class: LinearClass = "autobitlinear"
    quantization_mode: Literal["online", "offline"] = "offline"
    statistics: Statistics | None = None

    @model_validator(mode="after")
    def _heads_divide(self) -> Self:
        faults = []
        if self.hidden_size % self.heads:
            faults.append(
                f"hidden_size = {self.hidden_size} is not a multiple of heads = {self.heads}"
            )
        elif self.head_dim % 2:
            faults.append(
                f"hidden_size / heads = {self.head_dim} is odd; RoPE rotates pairs: use an even one"
            )
        if self.heads % self.kv_heads:
            faults.append(f"heads = {self.heads} is not a multiple of kv_heads = {self.kv_heads}")
        faults += [
            f"token id {token_id} is outside the vocabulary of {self.vocab_size}"
            for token_id in (self.bos_id, *self.eos_ids)
            if not 0 <= token_id < self.vocab_size
        ]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.hidden_size // self.heads

    @property
    def kv_size(self) -> int:
        """Width of all keys (or values) of a token in one layer."""
        return self.kv_heads * self.head_dim

    def products(self, layer: int) -> tuple[Product, ...]:
        """The four ternary phases of a layer, in order: qkv, o, gate_up, down."""
        hidden, ffn, kv = self.hidden_size, self.intermediate_size, self.kv_size
        path = f"model.layers.{layer}"
        attention, mlp = f"{path}.self_attn", f"{path}.mlp"
        return (
            Product(
                name=f"layers.{layer}.qkv",
                matrices=tuple(f"{attention}.{p}_proj" for p in "qkv"),
                rows=(hidden, kv, kv),
                k=hidden,
            ),
            Product(
                name=f"layers.{layer}.o",
                matrices=(f"{attention}.o_proj",),
                rows=(hidden,),
                k=hidden,
            ),
            Product(
                name=f"layers.{layer}.gate_up",
                matrices=(f"{mlp}.gate_proj", f"{mlp}.up_proj"),
                rows=(ffn, ffn),
                k=hidden,
            ),
            Product(
                name=f"layers.{layer}.down",
                matrices=(f"{mlp}.down_proj",),
                rows=(hidden,),
                k=ffn,
            ),
        )

    @property
    def ternary_weights(self) -> int:
        """Ternary weights of all layers: 2,084,044,800 for the 2B model."""
        return self.layers * sum(product.n * product.k for product in self.products(0))

    @property
    def largest_k(self) -> int:
        """Longest ternary dot product."""
        return max(self.hidden_size, self.intermediate_size)


def from_config(path: Path) -> NetworkSpec:
    """Read a Hugging Face `config.json`.

    transformers 5 moves rope_theta into `rope_parameters`; files keep the flat key: both are read.
    Fields that change the numbers and are not what this reference computes are refused.
    """
    try:
        config = json.loads(base.read_text(path), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BitsimError(f"{path}: not valid JSON: {error}; mend the file") from None
    if not isinstance(config, dict):
        raise BitsimError(f"{path}: holds a {type(config).__name__}; it must be a JSON object")
    _refuse_other(path, config)
    quantization = config.get("quantization_config", {})
    eos = config.get("eos_token_id")
    table = {
        "name": path.resolve().parent.name,
        "hidden_size": config.get("hidden_size"),
        "intermediate_size": config.get("intermediate_size"),
        "layers": config.get("num_hidden_layers"),
        "heads": config.get("num_attention_heads"),
        "kv_heads": config.get("num_key_value_heads", config.get("num_attention_heads")),
        "vocab_size": config.get("vocab_size"),
        "max_context": config.get("max_position_embeddings"),
        "rms_norm_eps": config.get("rms_norm_eps"),
        "rope_theta": _rope_theta(config),
        "tied_head": config.get("tie_word_embeddings"),
        "bos_id": config.get("bos_token_id"),
        "eos_ids": tuple(eos) if isinstance(eos, list) else (eos,),
        "linear_class": quantization.get("linear_class"),
        "quantization_mode": quantization.get("quantization_mode", "offline"),
    }
    return base.check(NetworkSpec, table, str(path))


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is not a JSON number")


def _rope_theta(config: dict[str, Any]) -> Any:
    parameters = config.get("rope_parameters")
    if isinstance(parameters, dict) and "rope_theta" in parameters:
        return parameters["rope_theta"]
    return config.get("rope_theta")


def _refuse_other(path: Path, config: dict[str, Any]) -> None:
    """One line for each field whose value would change the numbers silently."""
    faults = []
    if config.get("model_type") != "bitnet":
        faults.append(f"model_type = {config.get('model_type')!r}: only 'bitnet' is computed")
    if config.get("hidden_act", "relu2") != "relu2":
        faults.append(f"hidden_act = {config['hidden_act']!r}: only 'relu2' is computed")
    if config.get("attention_bias"):
        faults.append("attention_bias = true: no BitNet layer has biases; set it to false")
    if config.get("rope_scaling") is not None:
        faults.append("rope_scaling: only the default RoPE is computed; remove it")
    quantization = config.get("quantization_config")
    if not isinstance(quantization, dict) or quantization.get("quant_method") != "bitnet":
        faults.append("quantization_config.quant_method: must be 'bitnet'")
    elif quantization.get("linear_class") not in ("autobitlinear", "bitlinear"):
        faults.append(
            "quantization_config.linear_class: must say 'autobitlinear' (scales multiply) or "
            "'bitlinear' (scales divide); the wrong one changes every number"
        )
    if faults:
        raise BitsimError("\n".join(f"{path}: {fault}" for fault in faults))

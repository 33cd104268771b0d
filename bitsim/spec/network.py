"""The shape of a BitNet b1.58 network: from a TOML of models/networks or a config.json."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from bitsim.errors import BitsimError, shown, shown_path
from bitsim.files import strict_json
from bitsim.spec import base
from bitsim.spec.base import ShownName, Spec
from bitsim.spec.phase import Phase
from bitsim.spec.unconverted import unconverted_fault

CONFIG_KEYS = {  # of config.json, by the field that they give
    "hidden_size": "hidden_size",
    "intermediate_size": "intermediate_size",
    "layers": "num_hidden_layers",
    "heads": "num_attention_heads",
    "kv_heads": "num_key_value_heads",
    "vocab_size": "vocab_size",
    "max_context": "max_position_embeddings",
    "rms_norm_eps": "rms_norm_eps",
    "rope_theta": "rope_theta",
    "tied_head": "tie_word_embeddings",
    "bos_id": "bos_token_id",
    "eos_ids": "eos_token_id",
}

LinearClass = Literal["autobitlinear", "bitlinear"]
MAX_LAYERS = 512
Width = Annotated[int, Field(ge=1, le=1 << 20)]  # far above any network; keeps products in 64 bits
Count = Annotated[int, Field(ge=1, le=1 << 24)]


class Statistics(Spec):
    """What synthetic weights and activations are made to look like, and where that is from."""

    zero_weight_fraction: float = Field(gt=0, lt=1, description="ternary weights that are 0")
    zero_ffn_fraction: float = Field(
        gt=0, lt=1, description="outputs of the squared ReLU that are 0, mean over the layers"
    )
    source: str = Field(description="where the fractions are from")


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

    name: ShownName = Field(description="of the network")
    note: str = Field("", description="for people: what it is, and where its dimensions are from")
    hidden_size: Width = Field(description="width of the residual stream")
    intermediate_size: Width = Field(description="width inside the feed-forward part")
    layers: int = Field(ge=1, le=MAX_LAYERS, description="decoder layers")
    heads: Width = Field(description="query heads of a layer")
    kv_heads: Width = Field(description="key and value heads of a layer, shared by query heads")
    vocab_size: Count = Field(description="tokens that the embedding has a row for")
    max_context: Count = Field(description="tokens of the longest context")
    rms_norm_eps: PositiveFloat = Field(description="what RMSNorm adds to the mean square")
    rope_theta: PositiveFloat = Field(description="base of RoPE's wavelengths")
    tied_head: bool = Field(description="true: the output head is the embedding")
    bos_id: int = Field(ge=0, description="token that begins a sequence")
    eos_ids: tuple[int, ...] = Field(description="tokens that end an answer")
    linear_class: LinearClass = Field(
        "autobitlinear", description="a matrix's scale multiplies (autobitlinear) or divides"
    )
    quantization_mode: Literal["online", "offline"] = Field(
        "offline", description="weights are ternary when they are loaded (online) or stored"
    )
    statistics: Statistics | None = Field(
        None, description="needed for energy by shape and for synthetic weights"
    )

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
    Fields that change the numbers and are not what this reference computes are refused. Zero
    fractions come from a `statistics.toml` beside it, if there is one.
    """
    where = shown_path(path)
    try:
        config = strict_json.parse(base.read_text(path))
    except ValueError as error:
        raise BitsimError(f"{where}: not plain JSON: {error}; mend the file") from None
    if not isinstance(config, dict):
        raise BitsimError(
            f"{where}: holds a {type(config).__name__}, not a JSON object; use a sound file"
        )
    faults = list(_other_numbers(config))
    if faults:
        raise BitsimError("\n".join(f"{where}: {fault}" for fault in faults))
    table = {field: config[key] for field, key in CONFIG_KEYS.items() if key in config}
    if "kv_heads" in table and table["kv_heads"] is None:  # null: every head has its own
        table["kv_heads"] = table.get("heads")
    eos = table.get("eos_ids")
    if "eos_ids" in table and not isinstance(eos, list):
        table["eos_ids"] = [eos]
    parameters = config.get("rope_parameters")
    if isinstance(parameters, dict) and "rope_theta" in parameters:
        table["rope_theta"] = parameters["rope_theta"]
    quantization = config["quantization_config"]
    table |= {
        "name": path.resolve().parent.name,
        "linear_class": quantization["linear_class"],
        "quantization_mode": quantization.get("quantization_mode", "offline"),
    }
    beside = path.with_name("statistics.toml")
    if beside.exists():
        table["statistics"] = base.load(Statistics, beside)
    spec = base.check(NetworkSpec, table, where, CONFIG_KEYS)
    products = (product for layer in range(spec.layers) for product in spec.products(layer))
    matrices = (matrix for product in products for matrix in product.matrices)
    fault = unconverted_fault(quantization.get("modules_to_not_convert"), matrices)
    if fault is not None:
        raise BitsimError(f"{where}: {fault}")
    return spec


def _other_numbers(config: dict[str, Any]) -> Iterator[str]:
    """One fault for each field whose value would change the numbers silently."""
    if config.get("model_type") != "bitnet":
        yield f"model_type = {shown(config.get('model_type'))}: only 'bitnet' is computed"
    if config.get("hidden_act", "relu2") != "relu2":
        yield f"hidden_act = {shown(config['hidden_act'])}: only 'relu2' is computed"
    if config.get("attention_bias"):
        yield "attention_bias = true: no BitNet layer has biases; set it to false"
    if config.get("rope_scaling") is not None:
        yield "rope_scaling: only the default RoPE is computed; remove it"
    parameters = config.get("rope_parameters")
    if isinstance(parameters, dict) and parameters.get("rope_type", "default") != "default":
        kind = shown(parameters["rope_type"])
        yield f"rope_parameters.rope_type = {kind}: only 'default' is computed; remove it"
    hidden, heads = config.get("hidden_size"), config.get("num_attention_heads")
    head_dim = config.get("head_dim")
    if isinstance(hidden, int) and isinstance(heads, int) and heads > 0:
        whole = hidden // heads
        if head_dim not in (None, whole):
            yield f"head_dim = {shown(head_dim)}: must be hidden_size / heads = {shown(whole)}"
    quantization = config.get("quantization_config")
    if not isinstance(quantization, dict) or quantization.get("quant_method") != "bitnet":
        yield "quantization_config.quant_method: must be 'bitnet'"
        return
    if quantization.get("linear_class") not in ("autobitlinear", "bitlinear"):
        yield (
            "quantization_config.linear_class: must say 'autobitlinear' (scales multiply) or "
            "'bitlinear' (scales divide); the wrong one changes every number"
        )
    if quantization.get("use_rms_norm"):
        yield "quantization_config.use_rms_norm = true: layers have no norm of their own; remove it"

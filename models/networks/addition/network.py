"""BitNet b1.58 as a torch module, with either kind of ternary layer plugged in.

The layer types are those of bitnet-b1.58-2B-4T (arXiv:2504.12285, section 2): RMSNorm,
grouped-query attention with rotate-half RoPE, a sub-norm before each output projection, a gated
feed-forward network with squared ReLU, and an unquantised head tied to the embedding. Everything
is f32.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SMALLEST = 1e-5  # keeps both scales finite


@dataclass(frozen=True)
class Shape:
    vocab: int
    hidden: int = 256
    intermediate: int = 768
    layers: int = 3
    heads: int = 4
    kv_heads: int = 2
    rope_theta: float = 10000.0
    norm_eps: float = 1e-5
    positions: int = 64

    @property
    def head_dim(self) -> int:
        return self.hidden // self.heads


def quantise_activations(x: Tensor) -> tuple[Tensor, Tensor]:
    """int8 codes of each token, held in f32, and the scale: x is about codes / scale.

    x  (..., K) f32;  codes (..., K), whole numbers in -128..127;  scale (..., 1), 127 / max|x|.
    Halves go to even. Source: arXiv:2402.17764, section 2.
    """
    scale = 127 / x.abs().amax(-1, keepdim=True).clamp(min=SMALLEST)
    return (x * scale).round().clamp(-128, 127), scale


def quantise_weights(w: Tensor) -> tuple[Tensor, Tensor]:
    """Ternary codes of a whole matrix, held in f32, and the scale: w is about codes * scale.

    The scale is mean|w|, rounded to bf16 as it is stored. Source: arXiv:2402.17764, section 2.
    """
    absmean = w.abs().mean().clamp(min=SMALLEST)
    return (w * (1 / absmean)).round().clamp(-1, 1), absmean.bfloat16().float()


class TrainedLinear(nn.Module):
    """Ternary layer with a real-valued master, for training.

    Forward it computes with quantised values; backward the quantisers count as the identity
    (straight-through estimator).
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) * 0.02)

    def forward(self, x: Tensor) -> Tensor:
        codes, scale = quantise_activations(x.detach())
        ternary, absmean = quantise_weights(self.weight.detach())
        seen_x = x + (codes / scale - x).detach()
        seen_w = self.weight + (ternary * absmean - self.weight).detach()
        return F.linear(seen_x, seen_w)


class PackedLinear(nn.Module):
    """Ternary layer as stored: y = (codes . ternary) * weight_scale / activation scale.

    The sum of products is a whole number below 2**24 for K < 2**17, hence exact in f32.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(outputs, inputs))
        self.register_buffer("weight_scale", torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        codes, scale = quantise_activations(x)
        return F.linear(codes, self.weight) * self.weight_scale / scale


Linear = Callable[[int, int], nn.Module]


class Norm(nn.Module):
    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


def rotate(x: Tensor, theta: float) -> Tensor:
    """RoPE on x (batch, heads, tokens, head_dim): element j turns with j + head_dim / 2."""
    tokens, half = x.shape[-2], x.shape[-1] // 2
    angle = torch.arange(tokens)[:, None] * theta ** (-torch.arange(half) / half)
    first, second = x[..., :half], x[..., half:]
    cos, sin = angle.cos(), angle.sin()
    return torch.cat((first * cos - second * sin, second * cos + first * sin), -1)


class Attention(nn.Module):
    def __init__(self, shape: Shape, linear: Linear) -> None:
        super().__init__()
        self.shape = shape
        self.q_proj = linear(shape.hidden, shape.heads * shape.head_dim)
        self.k_proj = linear(shape.hidden, shape.kv_heads * shape.head_dim)
        self.v_proj = linear(shape.hidden, shape.kv_heads * shape.head_dim)
        self.o_proj = linear(shape.heads * shape.head_dim, shape.hidden)
        self.attn_sub_norm = Norm(shape.hidden, shape.norm_eps)

    def forward(self, x: Tensor) -> Tensor:
        batch, tokens, _ = x.shape

        def by_head(y: Tensor) -> Tensor:
            return y.view(batch, tokens, -1, self.shape.head_dim).transpose(1, 2)

        q = rotate(by_head(self.q_proj(x)), self.shape.rope_theta)
        k = rotate(by_head(self.k_proj(x)), self.shape.rope_theta)
        v = by_head(self.v_proj(x))
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        mixed = mixed.transpose(1, 2).reshape(batch, tokens, -1)
        return self.o_proj(self.attn_sub_norm(mixed))


class FeedForward(nn.Module):
    def __init__(self, shape: Shape, linear: Linear) -> None:
        super().__init__()
        self.gate_proj = linear(shape.hidden, shape.intermediate)
        self.up_proj = linear(shape.hidden, shape.intermediate)
        self.down_proj = linear(shape.intermediate, shape.hidden)
        self.ffn_sub_norm = Norm(shape.intermediate, shape.norm_eps)

    def forward(self, x: Tensor) -> Tensor:
        gated = F.relu(self.gate_proj(x)).square() * self.up_proj(x)
        return self.down_proj(self.ffn_sub_norm(gated))


class Layer(nn.Module):
    def __init__(self, shape: Shape, linear: Linear) -> None:
        super().__init__()
        self.input_layernorm = Norm(shape.hidden, shape.norm_eps)
        self.self_attn = Attention(shape, linear)
        self.post_attention_layernorm = Norm(shape.hidden, shape.norm_eps)
        self.mlp = FeedForward(shape, linear)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x))
        return x + self.mlp(self.post_attention_layernorm(x))


class Decoder(nn.Module):
    def __init__(self, shape: Shape, linear: Linear) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(shape.vocab, shape.hidden)
        nn.init.normal_(self.embed_tokens.weight, std=0.02)
        self.layers = nn.ModuleList(Layer(shape, linear) for _ in range(shape.layers))
        self.norm = Norm(shape.hidden, shape.norm_eps)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.embed_tokens(ids)
        for layer in self.layers:
            x = layer(x)
        return self.norm(x)


class Network(nn.Module):
    """Next-token logits (batch, tokens, vocab) of ids (batch, tokens)."""

    def __init__(self, shape: Shape, linear: Linear) -> None:
        super().__init__()
        self.shape = shape
        self.model = Decoder(shape, linear)  # parameter names come out as Hugging Face's

    def forward(self, ids: Tensor) -> Tensor:
        return F.linear(self.model(ids), self.model.embed_tokens.weight)

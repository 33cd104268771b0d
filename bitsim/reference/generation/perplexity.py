"""Perplexity of a text: how well a network predicts each of its tokens.

A window is the network's BOS id and the tokens after it, together at most `context` inputs; each
input predicts the token that follows it. Each window begins `stride` tokens after the one before.
All tokens of the first window count; of a later window only tokens that no window before has
predicted. So every token of the text counts once. The first is predicted from BOS alone; tokens
after the first window are predicted from at least `context` - `stride` inputs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bitsim.callbacks import Progress
from bitsim.errors import BitsimError
from bitsim.reference.network.network import Network

TOKENS_PER_PASS = 64  # bounds the logits in memory; a pass split up gives the same bits


@dataclass(frozen=True)
class Perplexity:
    """What a network makes of a text.

    nll         mean negative log-likelihood of a token, in nats
    perplexity  exp(nll)
    """

    tokens: int
    windows: int
    context: int
    stride: int
    nll: float
    perplexity: float


@dataclass(frozen=True)
class Window:
    """Inputs are BOS and tokens [begin, end - 1); tokens [first, end) count."""

    begin: int
    first: int
    end: int


def text_ids(network: Network, text: str) -> list[int]:
    """Token ids of a text without the BOS that its tokenizer may put in front."""
    ids = network.tokenizer.encode(text)
    bos = [network.spec.bos_id]
    template = network.tokenizer.encode("")
    return ids[1:] if template[:1] == bos and ids[:1] == bos else ids


def windows(tokens: int, context: int, stride: int) -> Iterator[Window]:
    """What is walked through for so many tokens."""
    done = begin = 0
    while done < tokens:
        end = min(begin + context, tokens)
        yield Window(begin, done, end)
        done = end
        begin += stride


def perplexity(
    network: Network,
    ids: Sequence[int],
    context: int | None = None,
    stride: int | None = None,
    on_tokens: Progress | None = None,
) -> Perplexity:
    """Over all token ids of a text, without BOS.

    context    inputs of a window, BOS included; None: the network's own
    stride     tokens between the beginnings of windows; None: half of `context`
    on_tokens  called with how many of how many tokens have counted
    """
    context = network.spec.max_context if context is None else context
    stride = max(1, context // 2) if stride is None else stride
    _check(network, ids, context, stride)
    tokens = np.array([network.spec.bos_id, *ids], np.int64)  # token i is tokens[i + 1]
    losses: list[float] = []
    count = 0
    for window in windows(len(ids), context, stride):
        count += 1
        for piece in _losses(network, tokens, window):
            losses += piece
            if on_tokens:
                on_tokens(len(losses), len(ids))
    assert len(losses) == len(ids)
    nll = math.fsum(losses) / len(losses)
    if not nll < math.log(np.finfo(np.float64).max):
        raise BitsimError(
            f"{network.spec.name}: the mean negative log-likelihood is {nll:g}: its perplexity is "
            f"no number; use a sound checkpoint"
        )
    return Perplexity(len(ids), count, context, stride, nll, math.exp(nll))


def _losses(network: Network, tokens: NDArray[np.int64], window: Window) -> Iterator[list[float]]:
    """-log p of the window's tokens that count, in their order, some at a time."""
    inputs = tokens[window.begin : window.end].copy()
    inputs[0] = tokens[0]
    cache = network.empty_cache(len(inputs))
    skipped = window.first - window.begin
    if skipped:
        network.forward(inputs[:skipped], cache)
    for begin in range(skipped, len(inputs), TOKENS_PER_PASS):
        part = inputs[begin : begin + TOKENS_PER_PASS]
        logits = network.forward(part, cache, all_logits=True)
        first = window.begin + begin + 1
        targets = tokens[first : first + len(part)]
        yield [
            negative_log_likelihood(row, target)
            for row, target in zip(logits, targets, strict=True)
        ]


def negative_log_likelihood(logits: NDArray[np.float32], target: int) -> float:
    """-log softmax(logits)[target], in nats, computed in float64.

    logits  (vocab,)  float32
    """
    wide = logits.astype(np.float64)
    shifted = wide - wide.max()
    return float(np.log(np.exp(shifted).sum()) - shifted[target])


def _check(network: Network, ids: Sequence[int], context: int, stride: int) -> None:
    spec = network.spec
    if not ids:
        raise BitsimError("the text has no tokens; give at least one character")
    for token_id in ids:
        if not 0 <= token_id < spec.vocab_size:
            raise BitsimError(
                f"{spec.name}: token id {token_id} is outside the vocabulary of {spec.vocab_size}"
            )
    if not 1 <= context <= spec.max_context:
        raise BitsimError(
            f"context = {context}: must be 1 to {spec.max_context}, the context of {spec.name}"
        )
    if not 1 <= stride <= context:
        raise BitsimError(
            f"stride = {stride}: must be 1 to the context, {context}, or tokens would be left out"
        )

"""A prompt as token ids that fit the context and the memory."""

from __future__ import annotations

from bitsim.errors import BitsimError, shown
from bitsim.reference.generation.generate import context_needed
from bitsim.reference.network.attention import KVCache
from bitsim.reference.network.network import Network
from bitsim.reference.text.chat import Message, chat_ids, chat_text
from bitsim.spec.network import NetworkSpec

Prompt = str | tuple[Message, ...] | None  # text to continue, or a chat; None: a default
NUMBERS = "734+589="  # of a network that says numbers
SYNTHETIC = "Hi"


def require_cache(spec: NetworkSpec, max_tokens: int, context: int | None) -> None:
    """`BitsimError` before anything is loaded if not even the answer can be held in memory."""
    KVCache.empty(spec, min(max_tokens, context or spec.max_context))  # pages come when touched


def tokens_of(network: Network, prompt: Prompt, max_tokens: int) -> tuple[str, list[int]]:
    """What a person is shown, and the ids; `BitsimError` if they do not fit."""
    if not (
        prompt is None
        or isinstance(prompt, str)
        or (prompt and isinstance(prompt, tuple) and all(isinstance(m, Message) for m in prompt))
    ):
        raise BitsimError(f"prompt = {shown(prompt)}: must be a text, or a tuple of Messages")
    if isinstance(prompt, tuple):
        text, ids = chat_text(prompt), chat_ids(network.tokenizer, prompt, network.spec.name)
    else:
        text = _default(network) if prompt is None else prompt
        ids = network.tokenizer.encode(text)
    network.empty_cache(context_needed(network.spec, ids, max_tokens))
    return text, ids


def _default(network: Network) -> str:
    return SYNTHETIC if network.synthetic else NUMBERS

"""A network's tokenizer in another form: tokenizer.json, or the lists of a GGUF file."""

from __future__ import annotations

from typing import Any

import numpy as np

from bitsim.errors import BitsimError
from bitsim.reference.checkpoints.checkpoint import TOKENIZER, Checkpoint
from bitsim.reference.checkpoints.gguf import names as gguf_names
from bitsim.reference.checkpoints.gguf import tokenizer as gguf_tokenizer
from bitsim.reference.checkpoints.gguf.writer import Value
from bitsim.reference.text.tokenizer import MAX_TOKENIZER_BYTES, FileTokenizer
from bitsim.spec import base

NO_TOKENIZER: dict[str, Value] = {gguf_tokenizer.MODEL: gguf_tokenizer.NONE}


def files(source: Checkpoint) -> tuple[dict[str, bytes], list[str]]:
    """By name what a folder gets, and what a person should know."""
    beside = source.tokenizer_path
    found = dict(source.companions)
    if beside.exists():
        FileTokenizer(beside, source.spec.vocab_size)  # a faulty one is not handed on
        found[TOKENIZER] = base.read_text(beside, MAX_TOKENIZER_BYTES).encode()
        return found, []
    try:
        text = source.tokenizer_text()
    except BitsimError as error:
        return found, [_left_out(error)]
    if text is None:
        return found, [_absent(source.tokenizer_name)]
    return found | {TOKENIZER: text.encode()}, []


def keys(source: Checkpoint) -> tuple[dict[str, Value], list[str]]:
    """By name what a GGUF file gets, and what a person should know."""
    spec = source.spec
    beside = source.tokenizer_path
    if beside.exists():
        FileTokenizer(beside, spec.vocab_size)  # a faulty one is a fault, not left out
        try:
            found = gguf_tokenizer.keys(beside, spec.vocab_size)
        except BitsimError as error:
            return NO_TOKENIZER, [_left_out(error)]
        if found.get(gguf_names.BOS, spec.bos_id) != spec.bos_id:
            return NO_TOKENIZER, [
                f"without a tokenizer: {beside.name} puts {found[gguf_names.BOS]} in front, the "
                f"network's bos_token_id is {spec.bos_id}, and GGUF has one id for both"
            ]
        return {name: _typed(value) for name, value in found.items()}, []
    own = source.tokenizer_keys()
    if gguf_tokenizer.MODEL in own:
        return own, []
    return own | NO_TOKENIZER, [_absent(source.tokenizer_name)]


def _typed(value: Any) -> Value:
    """Python's integers as GGUF has them: ids u32, lists i32."""
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return np.uint32(value)
    return value if value and isinstance(value[0], str) else np.array(value, np.int32)


def _absent(what: str) -> str:
    return f"without a tokenizer, since the source has no {what}: token ids can be used, text not"


def _left_out(error: BitsimError) -> str:
    return f"without a tokenizer: {error}"

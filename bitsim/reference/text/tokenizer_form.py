"""The parts of a tokenizer.json that are handed to the `tokenizers` package.

Networks of this kind have byte-level BPE (LLaMA 3), BPE with spaces as "▁" (LLaMA 2) or whole
words. Other parts of the format can make version 0.23 panic, which no caller can turn into a line
of text (`Precompiled`, `FixedLength` of 0, `Strip` at the end, a template that names what it does
not list), or make ids random (`dropout`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bitsim.errors import shown

MAX_DEPTH = 8  # of sequences in sequences
MAX_MERGES = 3 << 17  # LLaMA 3 has 280,147
TYPES = {  # by the field of the file
    "model": ("BPE", "WordLevel"),
    "normalizer": (
        "ByteLevel",
        "Lowercase",
        "NFC",
        "NFD",
        "NFKC",
        "NFKD",
        "Prepend",
        "Replace",
        "Sequence",
        "Strip",
        "StripAccents",
    ),
    "pre_tokenizer": (
        "ByteLevel",
        "Digits",
        "Metaspace",
        "Punctuation",
        "Sequence",
        "Split",
        "Whitespace",
        "WhitespaceSplit",
    ),
    "post_processor": ("ByteLevel", "Sequence", "TemplateProcessing"),
    "decoder": ("ByteFallback", "ByteLevel", "Fuse", "Metaspace", "Replace", "Sequence", "Strip"),
}
STEPS = ("normalizers", "pretokenizers", "processors", "decoders")  # of a Sequence


def faults(table: dict[str, Any], vocab_size: int) -> Iterator[str]:
    """What is not handed on; a file without any may still be refused by the package."""
    for field, types in TYPES.items():
        part = table.get(field)
        if part is not None:
            yield from _part(field, part, types, 0)
    yield from _added_tokens(table.get("added_tokens"))
    model = table.get("model")
    if isinstance(model, dict):
        for name in ("dropout", "continuing_subword_prefix", "end_of_word_suffix"):
            if model.get(name):
                yield f"model.{name} = {shown(model[name])}: must be null"
        yield from _ids(model.get("vocab"), vocab_size)
        merges = model.get("merges")
        if isinstance(merges, list) and len(merges) > MAX_MERGES:
            yield f"model.merges has {len(merges)} entries; at most {MAX_MERGES} are read"


def _ids(vocabulary: Any, vocab_size: int) -> Iterator[str]:
    """The package takes any ids, also one for two tokens; a million ids take seconds."""
    if not isinstance(vocabulary, dict):
        return
    tokens: dict[int, str] = {}
    for token, token_id in vocabulary.items():
        if type(token_id) is not int or token_id < 0:
            yield f"token {shown(token)} has id {shown(token_id)}: must be a whole number"
        elif token_id >= vocab_size:
            yield (
                f"token {shown(token)} has id {token_id}, the network's vocab_size is {vocab_size}"
            )
        elif token_id in tokens:
            yield f"tokens {shown(tokens[token_id])} and {shown(token)} both have id {token_id}"
        else:
            tokens[token_id] = token
            continue
        return


def _added_tokens(added: Any) -> Iterator[str]:
    if not isinstance(added, list | None):
        yield f"added_tokens = {shown(added)}: must be a list"
        return
    for index, each in enumerate(added or []):
        fields = each if isinstance(each, dict) else {}
        if type(fields.get("id")) is not int or type(fields.get("content")) is not str:
            yield f"added_tokens.{index} = {shown(each)}: must have an id and a content"
            return


def _part(field: str, part: Any, types: tuple[str, ...], depth: int) -> Iterator[str]:
    if not isinstance(part, dict):
        yield f"{field} = {shown(part)}: must be an object"
        return
    kind = part.get("type")
    # Files of old versions leave it out of the model.
    if not (isinstance(kind, str) and kind in types) and not (field == "model" and kind is None):
        yield f"{field}.type = {shown(kind)}: must be one of {', '.join(types)}"
        return
    if kind == "Sequence":
        if depth >= MAX_DEPTH:
            yield f"{field}: more than {MAX_DEPTH} sequences in each other"
            return
        for name in STEPS:
            steps = part.get(name)
            for step in steps if isinstance(steps, list) else []:
                yield from _part(field, step, types, depth + 1)
    elif kind == "TemplateProcessing":
        yield from _template(field, part)
    elif field == "decoder" and kind == "Strip" and part.get("stop") != 0:
        yield f"{field}.stop = {shown(part.get('stop'))}: must be 0"


def _template(field: str, part: dict[str, Any]) -> Iterator[str]:
    """Every special token that a template names must be listed, with ids."""
    listed = part.get("special_tokens")
    listed = listed if isinstance(listed, dict) else {}
    for name in ("single", "pair"):
        pieces = part.get(name)
        for piece in pieces if isinstance(pieces, list) else []:
            special = piece.get("SpecialToken") if isinstance(piece, dict) else None
            token = special.get("id") if isinstance(special, dict) else None
            if token is not None and not (isinstance(token, str) and token in listed):
                yield f"{field}.{name} names {shown(token)}, which special_tokens does not list"
        if isinstance(pieces, str):
            yield f"{field}.{name} = {shown(pieces)}: must be a list"

"""Files named tokenizer.json that are no tokenizer of the network beside them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import cycle
from typing import Any

from tests.bad_input.bad_file import BadFile
from tests.bad_input.good_checkpoint import COMMANDS, TOKENIZER, VOCAB, good_folder

Fault = tuple[str, bytes, str]  # a sentence, the file, what must be said of it
FILE = "tokenizer.json"
ENCODE = [argv for argv in COMMANDS if "--prompt" in argv]
BPE = {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]]}
MIB = 1 << 20


def bad_tokenizers() -> Iterator[BadFile]:
    """All of them; those of the second half only show when text is encoded."""
    for faults, commands in (((*_texts(), *_parts(), *_ids()), COMMANDS), (_encoded(), ENCODE)):
        argv = cycle(commands)
        for name, content, says in faults:
            files = good_folder() | {FILE: content}
            yield BadFile("tokenizer", name, files, FILE, next(argv), says)
    folder = {name: content for name, content in good_folder().items() if name != FILE}
    says = "is not a file; use"
    yield BadFile("tokenizer", "a folder", folder | {f"{FILE}/a": b""}, FILE, COMMANDS[0], says)
    for name, size in (("a byte too large", 24 * MIB + 1), ("8 GiB of nothing", 8 << 30)):
        says = f"{size} bytes; a tokenizer has at most 25165824"
        files = good_folder()
        yield BadFile("tokenizer", name, files, FILE, COMMANDS[0], says, sizes={FILE: size})


def table(**parts: Any) -> bytes:
    """The good one with other parts."""
    return json.dumps(TOKENIZER | parts).encode()


def bpe(**parts: Any) -> bytes:
    """Byte-pair encoding of three tokens, changed."""
    return table(model=BPE | parts)


def _texts() -> Iterator[Fault]:
    good = json.dumps(TOKENIZER)
    yield "empty", b"", "not plain JSON"
    yield "not UTF-8", b"\xff", "byte 0 is not UTF-8"
    yield "UTF-16", good.encode("utf-16"), "byte 0 is not UTF-8"
    yield "half a character in UTF-8", b'{"a": "\xed\xa0\x80"}', "byte 7 is not UTF-8"
    yield "half a character escaped", b'{"a": "\\ud83d"}', "that is not a character"
    yield "the halves the wrong way round", b'{"\\ude00\\ud83d": 1}', "that is not a character"
    yield "cut", good[:-1].encode(), "not plain JSON"
    yield "two of them", f"{good}\n{good}".encode(), "not plain JSON: Extra data"
    yield "a list", b"[]", "not a JSON object"
    yield "a number of 5,000 digits", b'{"a": ' + b"9" * 5000 + b"}", "Exceeds the limit"
    yield "NaN", b'{"a": NaN}', "NaN is not a JSON number"
    yield "key twice", b'{"a": 1, "a": 2}', "key 'a' twice"
    yield "nested 100,000 deep in lists", b'{"a": ' + b"[" * 100_000, "nested too deeply"
    yield "nested 100,000 deep in objects", b'{"a": ' * 100_000, "nested too deeply"
    closed = b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    yield "nested 100,000 deep and closed", closed, "nested too deeply"
    lists = b'{"a": [' + b"[]," * (2 * MIB) + b"[]]}"
    yield "2,097,153 empty lists", lists, "values; a tokenizer has at most 1310720"
    wide = '{"a": "😀' + "x" * (20 * MIB) + '"}'
    yield "20 MiB of text, four bytes a character in memory", wide.encode(), "not a tokenizer"


def _parts() -> Iterator[Fault]:
    yield "no model", b"{}", "not a tokenizer"
    yield "model of a kind unknown", table(model={"type": "Magic"}), "model.type = 'Magic': must be"
    yield "model a list", table(model=[]), "model = []: must be an object"
    yield "model of a list", table(model={"type": ["BPE"]}), "model.type = ['BPE']: must be"
    yield "model without vocabulary", table(model={"type": "BPE"}), "not a tokenizer"
    yield "vocabulary a list", bpe(vocab=["a"]), "not a tokenizer"
    yield "merges of three", bpe(merges=["a b c"]), "not a tokenizer"
    yield "merge of one", bpe(merges=["ab"]), "not a tokenizer"
    yield "merge of numbers", bpe(merges=[[0, 1]]), "not a tokenizer"
    yield "merge of an unknown first", bpe(merges=[["q", "b"]]), "not a tokenizer"
    yield "merge of an unknown second", bpe(merges=[["a", "q"]]), "not a tokenizer"
    yield "merge to an unknown token", bpe(merges=[["b", "a"]]), "not a tokenizer"
    yield "merges a number", bpe(merges=1), "not a tokenizer"
    yield "dropout", bpe(dropout=0.5), "model.dropout = 0.5: must be null"
    prefix = bpe(continuing_subword_prefix="##")
    yield "a prefix that panics", prefix, "model.continuing_subword_prefix = '##': must be null"
    charsmap = {"type": "Precompiled", "precompiled_charsmap": "AAAA"}
    yield "a map that panics", table(normalizer=charsmap), "normalizer.type = 'Precompiled': must"
    chunks = {"type": "FixedLength", "length": 0}
    yield "chunks of 0", table(pre_tokenizer=chunks), "pre_tokenizer.type = 'FixedLength': must"
    strip = {"type": "Strip", "content": "a", "start": 0, "stop": 9}
    yield "a decoder that cuts too much", table(decoder=strip), "decoder.stop = 9: must be 0"
    inner: dict[str, Any] = {"type": "NFC"}
    for _ in range(40):
        inner = {"type": "Sequence", "normalizers": [inner]}
    yield "sequences in sequences", table(normalizer=inner), "more than 8 sequences in each other"
    split = {"type": "Split", "pattern": {"Regex": "["}, "behavior": "Isolated", "invert": False}
    yield "a pattern that is none", table(pre_tokenizer=split), "not a tokenizer"
    yield "added tokens a number", table(added_tokens=1), "added_tokens = 1: must be a list"
    yield "an added token without id", table(added_tokens=[{"content": "x"}]), "must have an id and"
    special = [{"SpecialToken": {"id": "<s>", "type_id": 0}}]
    parts = {"type": "TemplateProcessing", "single": special, "pair": [], "special_tokens": {}}
    unlisted = "post_processor.single names '<s>', which special_tokens does not list"
    yield "a template of an unlisted token", table(post_processor=parts), unlisted


def _ids() -> Iterator[Fault]:
    def vocabulary(**words: Any) -> bytes:
        return table(model=TOKENIZER["model"] | {"vocab": words})

    yield "no tokens", vocabulary(), "has no tokens"
    yield "id outside", vocabulary(a=0, b=VOCAB), f"token 'b' has id {VOCAB}, the network's"
    yield "id of 2^32 - 1", vocabulary(a=2**32 - 1), "has id 4294967295"
    yield "id negative", vocabulary(a=-1), "not a tokenizer"
    yield "id of 2^32", vocabulary(a=2**32), "not a tokenizer"
    yield "id of 2^63", vocabulary(a=2**63), "not a tokenizer"
    yield "id a string", vocabulary(a="0"), "not a tokenizer"
    yield "id of 1.0", vocabulary(a=1.0), "not a tokenizer"
    yield "id true", vocabulary(a=True), "not a tokenizer"
    yield "an id of two tokens", vocabulary(a=0, b=0), "tokens 'a' and 'b' both have id 0"
    many = {f"{token_id:x}": token_id for token_id in range(400_000)}
    yield "400,000 tokens", vocabulary(**many), "fields; a tokenizer has at most 393216"
    some = dict(list(many.items())[:380_000])
    yield "380,000 tokens", vocabulary(**some), f"token 'c' has id {VOCAB}, the network's"
    yield "393,217 merges", bpe(merges=[["a", "b"]] * 393_217), "at most 393216 are read"
    name = {"a": 0, "x" * 10_000: VOCAB}
    yield "a token of 10,000 outside", vocabulary(**name), f"has id {VOCAB}, the network's"
    lines = {"a": 0, "b\n\x1b[2J": VOCAB}
    yield "a token of control characters outside", vocabulary(**lines), r"token 'b\n\x1b[2J' has id"
    more = {"id": 1, "content": "<s>", "special": True, "normalized": False}
    more |= {"single_word": False, "lstrip": False, "rstrip": False}
    for name, token_id, says in (
        ("an added token not at its place", 1, "added token '<s>' has id 1, its place is 2"),
        ("an added token outside", VOCAB, f"added token '<s>' has id {VOCAB}, its place is 2"),
        ("an added token of 2^63", 2**63, "not a tokenizer"),
    ):
        yield name, table(added_tokens=[more | {"id": token_id}]), says


def _encoded() -> Iterator[Fault]:
    pieces = [
        {"SpecialToken": {"id": "<s>", "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}},
    ]
    for token_id in (VOCAB, 2**32 - 1):
        listed = {"<s>": {"id": "<s>", "ids": [token_id], "tokens": ["<s>"]}}
        parts = {"type": "TemplateProcessing", "single": pieces, "pair": pieces}
        content = table(post_processor=parts | {"special_tokens": listed})
        yield f"a template with id {token_id}", content, f"becomes token id {token_id}, the network"
    words = {"type": "WordLevel", "vocab": {"b": 0}, "unk_token": "c"}
    yield "no token for the unknown", table(model=words), "cannot encode 'a'"

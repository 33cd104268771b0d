"""The tokenizer lists of a GGUF file: byte-level BPE of LLaMA 3's form, read and written.

Keys: github.com/ggml-org/ggml, docs/gguf.md; token types: llama.cpp, `llama_token_type`. The
published 2B4T file says `tokenizer.ggml.model` "gpt2" and no `tokenizer.ggml.pre`: it is LLaMA 3's
all the same. Its chat template is a placeholder of the converter and is not read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import tokenizers
from tokenizers import decoders, models, pre_tokenizers, processors

from bitsim.errors import BitsimError, shown, shown_path
from bitsim.files import strict_json
from bitsim.reference.checkpoints.gguf.file import GgufFile
from bitsim.reference.text.tokenizer import (
    END_OF_TURN,
    FileTokenizer,
    LibraryTokenizer,
    MissingTokenizer,
    Tokenizer,
)

PREFIX = "tokenizer."
NONE = "no_vocab"  # as llama.cpp calls a model without one
MODEL, PRE = "tokenizer.ggml.model", "tokenizer.ggml.pre"
TOKENS, TYPES, MERGES = (f"tokenizer.ggml.{name}" for name in ("tokens", "token_type", "merges"))
BOS, ADD_BOS = "tokenizer.ggml.bos_token_id", "tokenizer.ggml.add_bos_token"
NAMED = {
    BOS: "<|begin_of_text|>",
    "tokenizer.ggml.eos_token_id": "<|end_of_text|>",
    "tokenizer.ggml.eot_token_id": END_OF_TURN,
}
BYTE_LEVEL, LLAMA_3 = "gpt2", "llama-bpe"
NORMAL, CONTROL, USER_DEFINED, UNUSED = 1, 3, 4, 5
MAX_TOKEN_BYTES = 1024  # the longest of LLaMA 3, 128 spaces, has 256
# A file may have these as user-defined, llama.cpp takes them as control tokens all the same.
CONTROL_NAME = re.compile(r"<\|[^|<>\s]+\|>")
# Source: microsoft/BitNet, gpu/tokenizer.py, and the tokenizer.json of LLaMA 3.
WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def gguf_tokenizer(file: GgufFile, vocab_size: int) -> Tokenizer:
    """The tokenizer.json beside the file, else that of its lists.

    A kind of list that is not read gives one that refuses text and says why; faults are errors now.
    """
    beside = file.path.with_name("tokenizer.json")
    if beside.exists():
        return FileTokenizer(beside, vocab_size)
    if MODEL not in file.keys:
        return MissingTokenizer(beside, vocab_size)
    why = _other_kind(file)
    if why:
        return MissingTokenizer(file.path, vocab_size, why)
    return LibraryTokenizer(file.path, vocab_size, _made(file))


def to_json(file: GgufFile) -> str:
    """Text of a tokenizer.json that gives the ids that the file's lists give."""
    why = _other_kind(file)
    if why:
        raise file.fault(f"{why}: there is no tokenizer.json of it; take the one of its network")
    return str(_made(file).to_str())


def _other_kind(file: GgufFile) -> str:
    """Why the lists are not read; empty: they are."""
    model, pre = file.text(MODEL), file.text(PRE)
    if model != BYTE_LEVEL:
        return f"key '{MODEL}' is {shown(model)} and only '{BYTE_LEVEL}' is read"
    if pre not in (None, LLAMA_3):
        return f"key '{PRE}' is {shown(pre)} and only '{LLAMA_3}' is read"
    return ""


def _made(file: GgufFile) -> tokenizers.Tokenizer:
    tokens = file.strings(TOKENS)
    merges = file.strings(MERGES)
    if tokens is None or merges is None:
        missing = TOKENS if tokens is None else MERGES
        raise file.fault(f"key '{missing}' is missing; write it, or put a tokenizer.json beside it")
    vocabulary = _vocabulary(file, tokens)
    control, user_defined, unused = _added(file, tokens)
    for token in unused:
        del vocabulary[token]
    _require_bytes(file, vocabulary)
    # Added tokens stay in the vocabulary: the library takes their ids from there.
    pairs = _pairs(file, merges, vocabulary)
    made = tokenizers.Tokenizer(models.BPE(vocabulary, pairs, ignore_merges=True))
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(tokenizers.Regex(WORDS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    made.decoder = decoders.ByteLevel()
    for texts, special in ((control, True), (user_defined, False)):
        added = [tokenizers.AddedToken(each, special=special, normalized=False) for each in texts]
        made.add_special_tokens(added) if special else made.add_tokens(added)
    bos_id = file.integer(BOS)
    if bos_id is not None and file.flag(ADD_BOS) is not False:
        if not 0 <= bos_id < len(tokens):
            raise file.fault(f"key '{BOS}' is {bos_id}, '{TOKENS}' has {len(tokens)}; mend the key")
        made.post_processor = processors.TemplateProcessing(
            single="bos $A", special_tokens=[("bos", bos_id)]
        )
    return made


def _vocabulary(file: GgufFile, tokens: Sequence[str]) -> dict[str, int]:
    """Ids by token, all different."""
    vocabulary: dict[str, int] = {}
    for token_id, token in enumerate(tokens):
        if not 0 < len(token.encode()) <= MAX_TOKEN_BYTES:
            raise file.fault(
                f"key '{TOKENS}': token {token_id} has {len(token.encode())} bytes; 1 to "
                f"{MAX_TOKEN_BYTES} are read: write the file again"
            )
        first = vocabulary.setdefault(token, token_id)
        if first != token_id:
            raise file.fault(
                f"key '{TOKENS}': tokens {first} and {token_id} are both {shown(token)}; "
                f"write the file again"
            )
    return vocabulary


def _require_bytes(file: GgufFile, vocabulary: dict[str, int]) -> None:
    """Text with a byte that has no token would be lost without a word."""
    absent = sorted(set(pre_tokenizers.ByteLevel.alphabet()) - vocabulary.keys())
    if absent:
        raise file.fault(
            f"key '{TOKENS}' has no token for {len(absent)} of the 256 bytes, such as "
            f"{shown(absent[0])}; write the file again"
        )


def _added(file: GgufFile, tokens: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """Control tokens, user-defined ones, and those that fill the list up."""
    types = file.integers(TYPES)
    if types is None:
        return [token for token in tokens if CONTROL_NAME.fullmatch(token)], [], []
    if len(types) != len(tokens):
        raise file.fault(
            f"key '{TYPES}' has {len(types)} types, '{TOKENS}' has {len(tokens)}; "
            f"write the file again"
        )
    control, user_defined, unused = [], [], []
    for token_id, (token, kind) in enumerate(zip(tokens, types.tolist(), strict=True)):
        if kind not in (NORMAL, CONTROL, USER_DEFINED, UNUSED):
            raise file.fault(
                f"key '{TYPES}': token {token_id} has type {kind}; byte-level BPE has {NORMAL}, "
                f"{CONTROL}, {USER_DEFINED} and {UNUSED}: write the file again"
            )
        if kind == CONTROL or CONTROL_NAME.fullmatch(token):
            control.append(token)
        elif kind == USER_DEFINED:
            user_defined.append(token)
        elif kind == UNUSED:
            unused.append(token)
    return control, user_defined, unused


def _pairs(
    file: GgufFile, merges: Sequence[str], vocabulary: dict[str, int]
) -> list[tuple[str, str]]:
    """What is merged, the first first; parts and their sum are tokens."""
    pairs = []
    for index, merge in enumerate(merges):
        first, _, second = merge.partition(" ")
        if not (first in vocabulary and second in vocabulary and first + second in vocabulary):
            raise _merge_fault(file, index, merge, vocabulary)
        pairs.append((first, second))
    if len(set(merges)) < len(merges):
        twice = Counter(merges).most_common(1)[0][0]
        raise file.fault(f"key '{MERGES}': {shown(twice)} is there twice; write the file again")
    return pairs


def _merge_fault(file: GgufFile, index: int, merge: str, vocabulary: dict[str, int]) -> BitsimError:
    first, _, second = merge.partition(" ")
    if not (first and second):
        text = f"is {shown(merge)}, not two tokens with a space between them"
    else:
        unknown = next(each for each in (first, second, first + second) if each not in vocabulary)
        text = f"{shown(merge)} needs {shown(unknown)}, which is no token"
    return file.fault(f"key '{MERGES}': merge {index} {text}; write the file again")


def keys(tokenizer_json: Path, vocab_size: int) -> dict[str, Any]:
    """GGUF keys of a tokenizer.json of LLaMA 3's form, by name, as str, int, bool and lists.

    Ids that have no token get an unused one. `BitsimError` for what GGUF cannot say: another
    form would be read back as this one, and would give other ids.
    """
    library = FileTokenizer(tokenizer_json, vocab_size).library
    table = strict_json.parse(library.to_str())  # in the library's own words, defaults filled in
    for fault in _not_llama_3(table, library):
        raise BitsimError(
            f"{shown_path(tokenizer_json)}: {fault}; only byte-level BPE of LLaMA 3's form can be "
            f"written to GGUF: keep the file beside it"
        )
    tokens, types = _listed(library, table["model"]["vocab"], vocab_size)
    found: dict[str, Any] = {
        MODEL: BYTE_LEVEL,
        PRE: LLAMA_3,
        TOKENS: tokens,
        TYPES: types,
        MERGES: [" ".join(pair) for pair in table["model"]["merges"]],
    }
    named = {text: token_id for token_id, text in enumerate(tokens) if types[token_id] == CONTROL}
    for key, text in NAMED.items():
        if text in named:
            found[key] = named[text]
    front = library.encode("").ids
    found[ADD_BOS] = bool(front)
    if front:
        found[BOS] = front[0]
    return found


def _listed(
    library: tokenizers.Tokenizer, words: dict[str, int], vocab_size: int
) -> tuple[list[str], list[int]]:
    """Text and type of every id."""
    tokens = [f"[PAD{token_id}]" for token_id in range(vocab_size)]
    types = [UNUSED] * vocab_size
    for text, token_id in words.items():
        tokens[token_id], types[token_id] = text, NORMAL
    for token_id, added in library.get_added_tokens_decoder().items():
        tokens[token_id] = added.content
        types[token_id] = CONTROL if added.special else USER_DEFINED
    return tokens, types


def _not_llama_3(table: dict[str, Any], library: tokenizers.Tokenizer) -> Iterator[str]:
    """What the lists of a GGUF file cannot say of a tokenizer."""
    model = table["model"]
    if model["type"] != "BPE" or model["byte_fallback"]:
        yield "its model is not byte-level BPE"
        return
    for name in ("unk_token", "continuing_subword_prefix", "end_of_word_suffix"):
        if model[name]:
            yield f"model.{name} = {shown(model[name])}"
    if table["normalizer"] is not None:
        yield "it has a normalizer"
    if (table["decoder"] or {}).get("type") != "ByteLevel":
        yield "its decoder is not ByteLevel"
    split = {"type": "Split", "pattern": {"Regex": WORDS}, "behavior": "Isolated", "invert": False}
    level = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False}
    before = table["pre_tokenizer"] or {}
    steps = [
        {name: value for name, value in each.items() if name != "trim_offsets"}
        for each in before.get("pretokenizers", [])
    ]
    if steps != [split, level]:
        yield "it does not split text into words as LLaMA 3's does"
    front = library.encode("").ids
    text = library.encode("a").ids
    if len(front) > 1 or text != front + library.encode("a", add_special_tokens=False).ids:
        yield "its template is more than one token in front"
    for added in library.get_added_tokens_decoder().values():
        if added.lstrip or added.rstrip or added.single_word:
            yield f"added token {shown(added.content)} takes spaces along, or stands for words only"
    if not model["ignore_merges"]:  # GGUF's readers take a word that is a token as that token
        special = {added.content for added in library.get_added_tokens_decoder().values()}
        for word in model["vocab"]:
            if word not in special and len(library.model.tokenize(word)) != 1:
                yield f"token {shown(word)} is not reached by its merges"
                return

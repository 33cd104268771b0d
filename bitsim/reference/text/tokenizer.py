"""Text to token ids and back: tokenizer.json, or bytes where a network has none."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tokenizers

from bitsim.errors import BitsimError, reason, shown, shown_path
from bitsim.files import strict_json
from bitsim.reference.text import tokenizer_form

MAX_TOKENIZER_BYTES = 24 << 20  # that of LLaMA 3, with 128,256 entries, has 9 to 17 MB
MAX_TOKENIZER_VALUES = 5 << 18  # brackets and commas; that of LLaMA 3 has about a million
MAX_TOKENIZER_FIELDS = 3 << 17  # colons; that of LLaMA 3 has about 131,000
END_OF_TURN = "<|eot_id|>"
UNFINISHED = "\ufffd"  # what a decoder gives for a character whose bytes are not all there


class Tokenizer(ABC):
    """Text to ids and back, for a vocabulary of `vocab_size`."""

    def __init__(self, vocab_size: int) -> None:
        self.vocab_size = vocab_size

    @abstractmethod
    def encode(self, text: str) -> list[int]:
        """Ids of a prompt, with the ids that the network wants in front."""

    @abstractmethod
    def decode(self, ids: Sequence[int]) -> str:
        """Text of ids, special tokens left out."""

    @abstractmethod
    def plain_ids(self, text: str) -> list[int]:
        """Ids of a text as it is: nothing in front, and the name of a special token is text."""

    def special_id(self, token: str) -> int | None:
        """Id of a token that stands beside the vocabulary of words; None if there is none."""
        return None

    @property
    def stop_ids(self) -> tuple[int, ...]:
        """Ids that end an answer whatever config.json says: LLaMA 3's `<|eot_id|>`."""
        end = self.special_id(END_OF_TURN)
        return () if end is None else (end,)

    def stream(self) -> TextStream:
        """For text that is shown while it grows."""
        return TextStream(self)


class TextStream:
    """Hands out the text of a growing list of ids piece by piece; the pieces add up to it."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._ids: list[int] = []
        self._shown = ""

    def push(self, token_id: int) -> str:
        """What a further id adds; empty while a character is still unfinished."""
        self._ids.append(token_id)
        text = self._tokenizer.decode(self._ids)
        if text.endswith(UNFINISHED) or not text.startswith(self._shown):
            return ""
        return self._show(text)

    def finish(self) -> str:
        """What was held back."""
        text = self._tokenizer.decode(self._ids)
        return self._show(text) if text.startswith(self._shown) else ""

    def _show(self, text: str) -> str:
        piece = text[len(self._shown) :]
        self._shown = text
        return piece


class LibraryTokenizer(Tokenizer):
    """A tokenizer of the `tokenizers` package, `library`; `path` is the file it was made from."""

    def __init__(self, path: Path, vocab_size: int, made: tokenizers.Tokenizer) -> None:
        super().__init__(vocab_size)
        self._path = path
        self.library = made
        made.no_truncation()  # as transformers does it: a prompt is never cut or filled up
        made.no_padding()
        vocabulary = made.get_vocab(with_added_tokens=True)
        if not vocabulary:
            raise _fault(path, "has no tokens")
        token, largest = max(vocabulary.items(), key=lambda item: item[1])
        self._check(f"token {shown(token)} has id", largest)
        added = made.get_added_tokens_decoder()
        self._special = {token.content: token_id for token_id, token in added.items()}

    def encode(self, text: str) -> list[int]:
        """Ids of a prompt, special tokens of the file's own template included."""
        return self._ids(text, template=True)

    def plain_ids(self, text: str) -> list[int]:
        """Ids of a text in which special tokens are not looked for."""
        self.library.encode_special_tokens = True  # their names are encoded as any text is
        try:
            return self._ids(text, template=False)
        finally:
            self.library.encode_special_tokens = False

    def special_id(self, token: str) -> int | None:
        """Id of an added token."""
        return self._special.get(token)

    def decode(self, ids: Sequence[int]) -> str:
        """Text of ids; ids that no token has give nothing."""
        return str(self.library.decode(list(ids), skip_special_tokens=True))

    def _ids(self, text: str, template: bool) -> list[int]:
        try:
            ids = list(self.library.encode(text, add_special_tokens=template).ids)
        except Exception as error:  # the library raises bare Exceptions
            raise _fault(self._path, f"cannot encode {shown(text)}: {_first_line(error)}") from None
        for token_id in ids:  # a template may name ids that the vocabulary does not list
            self._check(f"{shown(text)} becomes token id", token_id)
        return ids

    def _check(self, what: str, token_id: int) -> None:
        if token_id >= self.vocab_size:
            raise _fault(
                self._path, f"{what} {token_id}, the network's vocab_size is {self.vocab_size}"
            )


class FileTokenizer(LibraryTokenizer):
    """A tokenizer.json."""

    def __init__(self, path: Path, vocab_size: int) -> None:
        raw, added_ids = _read(path, vocab_size)
        super().__init__(path, vocab_size, _made(path, raw))
        for token, token_id in added_ids.items():
            if self.special_id(token) != token_id:  # the library numbers them by itself
                raise _fault(
                    path,
                    f"added token {shown(token)} has id {shown(token_id)}, its place is "
                    f"{self.special_id(token)}",
                )


class ByteTokenizer(Tokenizer):
    """For synthetic networks: a byte of UTF-8 is the token id of that value."""

    def encode(self, text: str) -> list[int]:
        """The bytes of the text."""
        ids = list(text.encode("utf-8", "surrogateescape"))
        outside = [token_id for token_id in ids if token_id >= self.vocab_size]
        if outside:
            raise BitsimError(
                f"prompt: byte {outside[0]} is outside the vocabulary of {self.vocab_size}; "
                f"use lower characters"
            )
        return ids

    def plain_ids(self, text: str) -> list[int]:
        """The same."""
        return self.encode(text)

    def decode(self, ids: Sequence[int]) -> str:
        """Bytes as UTF-8; an id above 255 shows as its number, <12345>."""
        pieces = (bytes([i]) if i < 256 else f"<{i}>".encode() for i in ids)
        return b"".join(pieces).decode("utf-8", "replace")


class MissingTokenizer(Tokenizer):
    """Stands where a checkpoint brings none that can be read: ids can be used, text cannot."""

    def __init__(self, path: Path, vocab_size: int, why: str = "no such file") -> None:
        super().__init__(vocab_size)
        self._path = path
        self._why = why

    def encode(self, text: str) -> list[int]:
        """Always a `BitsimError`."""
        raise self._missing()

    def plain_ids(self, text: str) -> list[int]:
        """Always a `BitsimError`."""
        raise self._missing()

    def decode(self, ids: Sequence[int]) -> str:
        """Always a `BitsimError`."""
        raise self._missing()

    def _missing(self) -> BitsimError:
        return BitsimError(
            f"{shown_path(self._path)}: {self._why}, so text has no token ids; put the network's "
            f"tokenizer.json into its folder"
        )


def _read(path: Path, vocab_size: int) -> tuple[bytes, dict[str, Any]]:
    """Bytes of a tokenizer.json that the library can be given, and ids of its added tokens."""
    try:
        size_bytes = path.stat().st_size
        if not path.is_file():
            raise _fault(path, "is not a file")
        if size_bytes > MAX_TOKENIZER_BYTES:
            raise _fault(path, f"{size_bytes} bytes; a tokenizer has at most {MAX_TOKENIZER_BYTES}")
        raw = path.read_bytes()
        for what, signs, most in (
            ("values", (b"[", b"{", b","), MAX_TOKENIZER_VALUES),
            ("fields", (b":",), MAX_TOKENIZER_FIELDS),
        ):
            count = sum(map(raw.count, signs))
            if count > most:
                raise _fault(path, f"{count} {what}; a tokenizer has at most {most}")
        table = strict_json.parse(raw.decode())
        if not isinstance(table, dict):
            raise ValueError("not a JSON object")
    except OSError as error:
        raise _fault(path, f"cannot be read ({reason(error)})") from None
    except UnicodeDecodeError as error:
        raise _fault(path, f"byte {error.start} is not UTF-8") from None
    except ValueError as error:
        raise _fault(path, f"not plain JSON: {error}") from None
    for fault in tokenizer_form.faults(table, vocab_size):
        raise _fault(path, f"not a tokenizer that is read: {fault}")
    added = table.get("added_tokens") or []
    return raw, {each["content"]: each["id"] for each in added}


def _made(path: Path, raw: bytes) -> tokenizers.Tokenizer:
    try:
        return tokenizers.Tokenizer.from_buffer(raw)
    except Exception as error:  # the library raises bare Exceptions
        raise _fault(path, f"not a tokenizer: {_first_line(error)}") from None


def _fault(path: Path, text: str) -> BitsimError:
    return BitsimError(f"{shown_path(path)}: {text}; use the tokenizer.json of this network")


def _first_line(error: BaseException) -> str:
    """What the library says; it quotes the file, control characters and all."""
    line = (str(error).splitlines() or [type(error).__name__])[0][:200]
    return line if line.isprintable() else shown(line, 200)

"""The chat form of BitNet b1.58 2B4T: messages to the token ids of a prompt.

The text is `<|begin_of_text|>`, then for each message its role, capitalised, ": ", its content
without spaces around it and `<|eot_id|>`, then "Assistant: ", which the network continues. Source:
the chat_template of microsoft/bitnet-b1.58-2B-4T, tokenizer_config.json.

Role and content are encoded as one text, as transformers does it with a rendered template ("User",
":", " Hi"); microsoft/BitNet's gpu/tokenizer.py encodes them apart, which gives other ids.
transformers also takes a special token's name in a content for the token. So whoever writes a
message can end it and begin another one in any role. Here a content stays text. The library splits
a text at special tokens before anything else, unless `encode_special_tokens` has it encode their
names as they stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bitsim.errors import BitsimError, shown
from bitsim.reference.text.tokenizer import END_OF_TURN, Tokenizer

BEGIN_OF_TEXT = "<|begin_of_text|>"
ROLES = ("system", "user", "assistant")
ANSWER = "Assistant: "


@dataclass(frozen=True)
class Message:
    """What one side says; `role` is one of `ROLES`."""

    role: str
    content: str

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise BitsimError(f"role = {shown(self.role)}: must be one of {', '.join(ROLES)}")

    @property
    def line(self) -> str:
        """As it is encoded, without the token that ends it."""
        return f"{self.role.capitalize()}: {self.content.strip()}"


def chat_text(messages: Sequence[Message]) -> str:
    """What a person is shown; ids are not made from it."""
    return "".join(f"{message.line}{END_OF_TURN}" for message in messages) + ANSWER


def chat_ids(tokenizer: Tokenizer, messages: Sequence[Message], network: str) -> list[int]:
    """Ids of a prompt that asks for the answer to `messages`.

    A `BitsimError` names `network` if its tokenizer lacks a token that the form needs.
    """
    if not messages:
        raise BitsimError("chat: no messages; give at least one")
    begin, end = (_needed(tokenizer, token, network) for token in (BEGIN_OF_TEXT, END_OF_TURN))
    ids = [begin]
    for message in messages:
        ids += _plain(tokenizer, message.line, (begin, end))
        ids.append(end)
    return ids + _plain(tokenizer, ANSWER, (begin, end))


def _needed(tokenizer: Tokenizer, token: str, network: str) -> int:
    token_id = tokenizer.special_id(token)
    if token_id is None:
        tokenizer.plain_ids("")  # one that is missing altogether says so
        raise BitsimError(
            f"{network}: its tokenizer has no special token {token}, which a chat needs; give a "
            f"prompt instead, or use a network with LLaMA 3's tokenizer"
        )
    return token_id


def _plain(tokenizer: Tokenizer, text: str, control: tuple[int, int]) -> list[int]:
    ids = tokenizer.plain_ids(text)
    if set(control) & set(ids):  # a file that does not say that the token is special
        raise BitsimError(
            f"chat: {shown(text)} becomes a token that begins or ends a message; take the name of "
            f"the token out of the text, or mark it special in the tokenizer"
        )
    return ids

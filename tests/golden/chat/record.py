"""Makes the files beside it: a small tokenizer of LLaMA 3's form, and what transformers does.

    python tests/golden/chat/record.py        needs transformers 5.23

`tokenizer.json` is byte-level BPE with LLaMA 3's words, special tokens and BOS template, trained
on the repository's LICENSE. `recorded.json` has texts and chats with their ids; a chat's are those
of `apply_chat_template` with the template that microsoft/bitnet-b1.58-2B-4T publishes, which are
also those of its rendered text.
"""

from __future__ import annotations

import json
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors
from tokenizers.trainers import BpeTrainer
from transformers import PreTrainedTokenizerFast

HERE = Path(__file__).parent
LICENSE = HERE.parents[2] / "LICENSE"
WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SPECIAL = ("<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>")
ENTRIES = 600  # of the vocabulary, without special tokens
TEMPLATE = (
    "{% for message in messages %}"
    "{% set content = message['role'] | capitalize + ': ' + message['content'] | trim"
    " + '<|eot_id|>' %}"
    "{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}"
    "{{ content }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant: ' }}{% endif %}"
)
TEXTS = (
    "",
    " ",
    "The Licensor grants You the License.",
    "  two  spaces,\ttabs\n\n\nand lines \r\n  ",
    "1 12 123 1234 12345678 3.14159",
    "don't WE'LL they've I'M 'S can't",
    "ünïcödé Straße Ελληνικά 日本語 العربية हिन्दी",
    "😀👩‍👩‍👧 \u200b\u00a0\u3000x",
    "x = [1, 2]; y == 'a_b' ... !!! ///",
    "<|begin_of_text|>a<|eot_id|> b<|end_of_text|>",
    "a\x00b\x7f\x1b[2J",
)
CHATS = (
    [("user", "Hi")],
    [("system", "You are a licensor."), ("user", "What is the License?")],
    [("user", "1+1?"), ("assistant", "2"), ("user", "  and 12345?\n\n")],
    [("user", "")],
    [("user", "\n\u00a0 don't\ttrim\n inside \u3000")],
    [("system", "日本語で"), ("user", "😀?"), ("assistant", ": "), ("user", "User: x")],
)


def trained() -> Tokenizer:
    made = Tokenizer(models.BPE(ignore_merges=True))
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = BpeTrainer(vocab_size=ENTRIES, initial_alphabet=alphabet, show_progress=False)
    made.train([str(LICENSE)], trainer)
    made.add_special_tokens([AddedToken(each, normalized=False) for each in SPECIAL])
    bos = SPECIAL[0]
    made.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=True),
            processors.TemplateProcessing(
                single=f"{bos} $A", special_tokens=[(bos, made.token_to_id(bos))]
            ),
        ]
    )
    return made


def main() -> None:
    path = HERE / "tokenizer.json"
    trained().save(str(path))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(path),
        bos_token=SPECIAL[0],
        eos_token=SPECIAL[1],
        clean_up_tokenization_spaces=False,
    )
    tokenizer.chat_template = TEMPLATE
    texts = [{"text": text, "ids": tokenizer(text)["input_ids"]} for text in TEXTS]
    chats = []
    for chat in CHATS:
        messages = [{"role": role, "content": content} for role, content in chat]
        ids = tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, tokenize=True, return_dict=False
        )
        rendered = tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, tokenize=False
        )
        assert ids == tokenizer(rendered, add_special_tokens=False)["input_ids"]
        chats.append({"messages": messages, "rendered": rendered, "ids": ids})
    table = {"texts": texts, "chats": chats}
    (HERE / "recorded.json").write_text(json.dumps(table, indent=1) + "\n")
    print(len(texts), "texts,", len(chats), "chats")


if __name__ == "__main__":
    main()

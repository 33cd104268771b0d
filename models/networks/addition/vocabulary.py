"""The tokenizer: each digit of an ordinary number is one token, tagged with its decimal place.

`734+589=` becomes `7c 3b 4a + 5c 8b 9a =`, with a for the units up to e for the ten thousands
(sums only). The normalizer writes the tags and the decoder strips them, both in tokenizer.json, so
that text on both sides is plain. Blanks are dropped. What the network was not trained on becomes
`<unk>`: every other character, and digits beyond four in an operand or five in a sum.
"""

from __future__ import annotations

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

PLACES = "abcde"
SPECIAL = ("<pad>", "<bos>", "<eos>", "<unk>")
PAD, BOS, EOS, UNK = range(4)


def build_tokenizer() -> Tokenizer:
    """56 entries: four special ones, `+`, `=`, then digit d in place p at 6 + 10 p + d."""
    words = [*SPECIAL, "+", "=", *(f"{digit}{place}" for place in PLACES for digit in range(10))]
    tokenizer = Tokenizer(
        models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="<unk>")
    )
    # Not before a tag either: it ends the run of digits that a rule counts, so the rules below go
    # from the left, and a digit too many in front stays without a tag.
    after = {place: rf"(?=\d{{{n}}}(?![0-9a-e]))" for n, place in enumerate(PLACES)}
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(r"\s+"), ""),
            normalizers.Replace(Regex("[^0-9+=]"), "?"),  # a typed "7c" must not pass as a tag
            normalizers.Replace(Regex(r"(?<==\d)" + after["e"]), "e"),
            *(normalizers.Replace(Regex(r"(?<=\d)" + after[place]), place) for place in "dcba"),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("[0-9][a-e]|."), "isolated")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A", pair="<bos> $A $B", special_tokens=[("<bos>", BOS)]
    )
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace(Regex("(?<=^[0-9])[a-e]$"), ""), decoders.Fuse()]
    )
    tokenizer.add_special_tokens(list(SPECIAL))
    return tokenizer

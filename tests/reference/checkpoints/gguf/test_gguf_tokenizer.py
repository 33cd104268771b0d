"""The tokenizer lists of a GGUF file: the ids of the tokenizer.json that they were made from."""

import json
from pathlib import Path

import gguf
import pytest

from bitsim.errors import BitsimError
from bitsim.reference.checkpoints.gguf import tokenizer as module
from bitsim.reference.checkpoints.gguf.file import open_gguf
from bitsim.reference.checkpoints.gguf.tokenizer import gguf_tokenizer, keys, to_json
from bitsim.reference.text.chat import Message, chat_ids
from bitsim.reference.text.tokenizer import FileTokenizer
from tests.reference.checkpoints.gguf import gguf_writer as w

CHAT = Path(__file__).parents[3] / "golden" / "chat"
RECORDED = json.loads((CHAT / "recorded.json").read_text())
TEXTS = [each["text"] for each in RECORDED["texts"]]
TEXTS += [each["rendered"] for each in RECORDED["chats"]]
TEXTS += ["[PAD604]", " PAD604", "a\u2028b\u0085c", "\ufffd\ufeff", "1٣२", "Y'ALL'D'VE", "\r\n\r\n"]
VOCAB = 610  # seven more than there are tokens
BOS, EOT = 600, 602
WORDS = {"type": "WordLevel", "vocab": {"a": 7}, "unk_token": "a"}


@pytest.fixture(scope="module")
def golden():
    return FileTokenizer(CHAT / "tokenizer.json", VOCAB)


@pytest.fixture(scope="module")
def lists():
    return keys(CHAT / "tokenizer.json", VOCAB)


def strings(name, values):
    head = w.u32(8) + w.u64(len(values))
    return w.key(name, 9, head + b"".join(map(w.string, values)))


def numbers(name, values):
    head = w.u32(5) + w.u64(len(values))
    return w.key(name, 9, head + b"".join(v.to_bytes(4, "little", signed=True) for v in values))


def opened(path, lists):
    """A GGUF file of keys alone, written byte by byte."""
    written = []
    for name, value in lists.items():
        if isinstance(value, str):
            written.append(w.text(name, value))
        elif isinstance(value, bool):
            written.append(w.key(name, 7, bytes([value])))
        elif isinstance(value, int):
            written.append(w.whole(name, value))
        else:
            write = numbers if value and isinstance(value[0], int) else strings
            written.append(write(name, value))
    path.write_bytes(w.file_bytes(written, {}))
    return open_gguf(path)


def by_package(path, lists):
    """The same, written by the `gguf` package."""
    writer = gguf.GGUFWriter(path, "bitnet-b1.58")
    writer.add_tokenizer_model(lists[module.MODEL])
    writer.add_tokenizer_pre(lists[module.PRE])
    writer.add_token_list(lists[module.TOKENS])
    writer.add_token_types(lists[module.TYPES])
    writer.add_token_merges(lists[module.MERGES])
    writer.add_bos_token_id(lists[module.BOS])
    writer.add_add_bos_token(lists[module.ADD_BOS])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return open_gguf(path)


def same_ids(one, other):
    for text in TEXTS:
        assert one.encode(text) == other.encode(text), text
        assert one.plain_ids(text) == other.plain_ids(text), text
        assert one.decode(one.encode(text)) == other.decode(other.encode(text))
    messages = [Message("system", TEXTS[-3]), Message("user", "<|eot_id|>")]
    assert chat_ids(one, messages, "") == chat_ids(other, messages, "")
    assert one.stop_ids == other.stop_ids == (EOT,)


@pytest.mark.parametrize("write", [opened, by_package])
def test_lists_give_the_ids_of_the_file_they_were_made_from(tmp_path, golden, lists, write):
    file = write(tmp_path / "model.gguf", lists)
    same_ids(gguf_tokenizer(file, VOCAB), golden)
    (tmp_path / "made.json").write_text(to_json(file))
    same_ids(FileTokenizer(tmp_path / "made.json", VOCAB), golden)


def test_the_packages_reader_finds_the_lists(tmp_path, lists):
    opened(tmp_path / "model.gguf", lists)
    reader = gguf.GGUFReader(tmp_path / "model.gguf")
    for name, value in lists.items():
        assert reader.get_field(name).contents() == value


def test_ids_and_types_of_the_lists(lists):
    assert len(lists[module.TOKENS]) == len(lists[module.TYPES]) == VOCAB
    assert lists[module.TOKENS][BOS : EOT + 2] == [
        "<|begin_of_text|>",
        "<|end_of_text|>",
        "<|eot_id|>",
        "[PAD603]",
    ]
    assert lists[module.TYPES] == [1] * 600 + [3] * 3 + [5] * 7
    assert len(lists[module.MERGES]) == 600 - 256
    ids = {name: value for name, value in lists.items() if name.endswith("token_id")}
    assert ids == {
        "tokenizer.ggml.bos_token_id": BOS,
        "tokenizer.ggml.eos_token_id": 601,
        "tokenizer.ggml.eot_token_id": EOT,
    }
    assert lists[module.ADD_BOS] is True


def test_lists_of_a_second_file_are_those_of_the_first(tmp_path, lists):
    (tmp_path / "made.json").write_text(to_json(opened(tmp_path / "model.gguf", lists)))
    assert keys(tmp_path / "made.json", VOCAB) == lists


def test_a_file_without_pre_types_and_add_bos_is_llama_3s_all_the_same(tmp_path, golden, lists):
    some = {n: v for n, v in lists.items() if n not in (module.PRE, module.TYPES, module.ADD_BOS)}
    same_ids(gguf_tokenizer(opened(tmp_path / "model.gguf", some), VOCAB), golden)


def test_control_tokens_that_are_listed_as_user_defined_stay_out_of_messages(
    tmp_path, golden, lists
):
    types = [4 if kind == 3 else kind for kind in lists[module.TYPES]]
    file = opened(tmp_path / "model.gguf", lists | {module.TYPES: types})
    same_ids(gguf_tokenizer(file, VOCAB), golden)


def test_unused_tokens_are_not_made_and_have_no_text(tmp_path, lists):
    unused = {module.TOKENS: [*lists[module.TOKENS][:-1], "Ġunused"]}
    for kind, ids in ((1, [VOCAB - 1]), (5, None)):
        types = [*lists[module.TYPES][:-1], kind]
        file = opened(tmp_path / f"{kind}.gguf", lists | unused | {module.TYPES: types})
        tokenizer = gguf_tokenizer(file, VOCAB)
        found = tokenizer.plain_ids(" unused")
        assert found == ids if ids else len(found) > 1 and VOCAB - 1 not in found
        assert tokenizer.decode([VOCAB - 1]) == (" unused" if ids else "")


def test_bos_is_left_out_where_the_file_says_so(tmp_path, golden, lists):
    file = opened(tmp_path / "model.gguf", lists | {module.ADD_BOS: False})
    assert gguf_tokenizer(file, VOCAB).encode("a b") == golden.encode("a b")[1:]


def test_a_tokenizer_json_beside_the_file_comes_first(tmp_path, lists):
    (tmp_path / "tokenizer.json").write_text(json.dumps({"model": WORDS}))
    assert gguf_tokenizer(opened(tmp_path / "model.gguf", lists), VOCAB).encode("a") == [7]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({module.MODEL: "llama"}, "'tokenizer.ggml.model' is 'llama' and only 'gpt2' is read, so"),
        ({module.PRE: "qwen2"}, "'tokenizer.ggml.pre' is 'qwen2' and only 'llama-bpe' is read, so"),
    ],
)
def test_other_kinds_are_refused_only_when_text_is_given(tmp_path, lists, change, says):
    file = opened(tmp_path / "model.gguf", lists | change)
    tokenizer = gguf_tokenizer(file, VOCAB)
    for use in (lambda: tokenizer.encode("a"), lambda: tokenizer.decode([1])):
        with pytest.raises(BitsimError) as caught:
            use()
        assert says in str(caught.value)
        assert str(caught.value).startswith(f"{tmp_path / 'model.gguf'}: key ")
    with pytest.raises(BitsimError, match="there is no tokenizer"):
        to_json(file)


def put(name, index, value):
    """A change of one element; an index at the end adds it."""

    def change(lists):
        values = list(lists[name])
        values[index : index + 1] = [value]
        return lists | {name: values}

    return change


def cut(name):
    return lambda lists: lists | {name: lists[name][:-1]}


FAULTS = {
    "an empty token": (put(module.TOKENS, 5, ""), "token 5 has 0 bytes"),
    "a token of 1025 bytes": (put(module.TOKENS, 5, "x" * 1025), "token 5 has 1025 bytes"),
    "a token twice": (put(module.TOKENS, 603, "<|eot_id|>"), "602 and 603 are both '<|eot_id|>'"),
    "a byte without token": (put(module.TOKENS, 0, "!!!!!"), "1 of the 256 bytes, such as '!'"),
    "an unused byte": (put(module.TYPES, 0, 5), "1 of the 256 bytes, such as '!'"),
    "a token not UTF-8": (put(module.TOKENS, 5, b"\xff"), "string 5 is not UTF-8"),
    "a half character": (put(module.TOKENS, 5, b"\xed\xa0\x80"), "string 5 is not UTF-8"),
    "a type too few": (cut(module.TYPES), f"has {VOCAB - 1} types"),
    "a type of 0": (put(module.TYPES, 5, 0), "token 5 has type 0"),
    "a type of -1": (put(module.TYPES, 5, -1), "token 5 has type -1"),
    "a type of a byte": (put(module.TYPES, 5, 6), "token 5 has type 6"),
    "types that are strings": (lambda k: k | {module.TYPES: ["1"]}, "not an array of integers"),
    "types that are a number": (lambda k: k | {module.TYPES: 1}, "not an array of integers"),
    "tokens that are numbers": (lambda k: k | {module.TOKENS: [1]}, "not an array of strings"),
    "merges that are numbers": (lambda k: k | {module.MERGES: [1]}, "not an array of strings"),
    "merges that are a string": (lambda k: k | {module.MERGES: "a b"}, "not an array of strings"),
    "no tokens": (lambda k: {n: v for n, v in k.items() if n != module.TOKENS}, "tokens' is miss"),
    "no merges": (lambda k: {n: v for n, v in k.items() if n != module.MERGES}, "merges' is miss"),
    "an empty merge": (put(module.MERGES, 9, ""), "merge 9 is '', not two tokens"),
    "a merge of one": (put(module.MERGES, 9, "ab"), "merge 9 is 'ab', not two tokens"),
    "a merge of a space": (put(module.MERGES, 9, " "), "merge 9 is ' ', not two tokens"),
    "a merge of three": (put(module.MERGES, 9, "a b c"), "needs 'b c', which is no token"),
    "an unknown first": (put(module.MERGES, 9, "qqq a"), "needs 'qqq', which is no token"),
    "an unknown second": (put(module.MERGES, 9, "a qqq"), "needs 'qqq', which is no token"),
    "an unknown sum": (put(module.MERGES, 9, "! !"), "needs '!!', which is no token"),
    "a bos outside": (lambda k: k | {module.BOS: VOCAB}, f"is {VOCAB}, 'tokenizer.ggml.tokens'"),
    "a bos of text": (lambda k: k | {module.BOS: "1"}, "is not an integer"),
    "an add_bos of 1": (lambda k: k | {module.ADD_BOS: 1}, "is not a bool"),
    "a model of 1": (lambda k: k | {module.MODEL: 1}, "is not a string"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_lists_at_fault_are_refused_in_a_line(tmp_path, lists, name):
    change, says = FAULTS[name]
    file = opened(tmp_path / "model.gguf", change(lists))
    with pytest.raises(BitsimError) as caught:
        gguf_tokenizer(file, VOCAB)
    line = str(caught.value)
    assert says in line
    assert line.startswith(f"{tmp_path / 'model.gguf'}: key ")
    assert "\n" not in line and len(line) < 400


def test_a_merge_twice_is_refused(tmp_path, lists):
    merges = lists[module.MERGES]
    file = opened(tmp_path / "model.gguf", lists | {module.MERGES: [*merges, merges[3]]})
    with pytest.raises(BitsimError, match="is there twice"):
        gguf_tokenizer(file, VOCAB)


def test_text_of_all_tokens_together_is_bounded(tmp_path, lists, monkeypatch):
    monkeypatch.setattr("bitsim.reference.checkpoints.gguf.file.MAX_LIST_BYTES", 1000)
    file = opened(tmp_path / "model.gguf", lists)
    with pytest.raises(BitsimError, match="more than the 1000 bytes of text"):
        gguf_tokenizer(file, VOCAB)


def changed(tmp_path, **parts):
    table = json.loads((CHAT / "tokenizer.json").read_text())
    for path, value in parts.items():
        *outer, last = path.split("__")
        place = table
        for name in outer:
            place = place[int(name) if name.isdecimal() else name]
        place[int(last) if last.isdecimal() else last] = value
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(table))
    return path


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"normalizer": {"type": "NFC"}}, "it has a normalizer"),
        ({"decoder": {"type": "Fuse"}}, "its decoder is not ByteLevel"),
        ({"decoder": None}, "its decoder is not ByteLevel"),
        ({"pre_tokenizer": None}, "does not split text into words as LLaMA 3's"),
        ({"pre_tokenizer__pretokenizers__0__behavior": "Removed"}, "does not split text"),
        ({"pre_tokenizer__pretokenizers__0__pattern": {"Regex": "a"}}, "does not split text"),
        ({"pre_tokenizer__pretokenizers__1__add_prefix_space": True}, "does not split text"),
        ({"model__byte_fallback": True}, "its model is not byte-level BPE"),
        ({"model__unk_token": "!"}, "model.unk_token = '!'"),
        ({"added_tokens__2__rstrip": True}, "added token '<|eot_id|>' takes spaces along"),
        ({"added_tokens": [], "post_processor": None, "model": WORDS}, "its model is not"),
    ],
)
def test_what_gguf_cannot_say_is_not_written(tmp_path, parts, says):
    path = changed(tmp_path, **parts)
    with pytest.raises(BitsimError) as caught:
        keys(path, VOCAB)
    assert str(caught.value).startswith(f"{path}: ")
    assert says in str(caught.value)


def test_words_that_merges_do_not_reach_are_not_written(tmp_path):
    path = changed(tmp_path, model__ignore_merges=False)
    assert keys(path, VOCAB) == keys(CHAT / "tokenizer.json", VOCAB)
    table = json.loads(path.read_text())
    del table["model"]["merges"][-1]
    path.write_text(json.dumps(table))
    with pytest.raises(BitsimError, match="is not reached by its merges"):
        keys(path, VOCAB)


def test_a_template_with_more_than_bos_is_not_written(tmp_path):
    bos = {"SpecialToken": {"id": "<|begin_of_text|>", "type_id": 0}}
    text = {"Sequence": {"id": "A", "type_id": 0}}
    for single in ([bos, bos, text], [text, bos]):
        path = changed(tmp_path, post_processor__processors__1__single=single)
        with pytest.raises(BitsimError, match="its template is more than one token in front"):
            keys(path, VOCAB)
    path = changed(tmp_path, post_processor__processors__1__single=[text])
    assert keys(path, VOCAB)[module.ADD_BOS] is False

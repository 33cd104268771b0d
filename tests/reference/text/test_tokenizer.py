"""Text in and out, and tokenizer files that are at fault."""

import json
import shutil
from pathlib import Path

import pytest
import tokenizers
from tokenizers import decoders, models, pre_tokenizers, processors

from bitsim.errors import BitsimError
from bitsim.reference.checkpoints.load import load_network
from bitsim.reference.text import tokenizer as module
from bitsim.reference.text.tokenizer import ByteTokenizer, FileTokenizer

GOLDEN = Path(__file__).parents[2] / "golden" / "hf"


def byte_level(path, bos_id=0):
    """A byte-level tokenizer.json with `<s>` in front of every prompt; 257 entries."""
    words = {"<s>": bos_id}
    for letter in sorted(pre_tokenizers.ByteLevel.alphabet()):
        words[letter] = len(words)
    made = tokenizers.Tokenizer(models.BPE(words, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", bos_id)]
    )
    made.add_special_tokens(["<s>"])
    made.save(str(path))
    return path


def fault(path, vocab_size=300):
    with pytest.raises(BitsimError) as caught:
        FileTokenizer(path, vocab_size)
    line = str(caught.value)
    assert line.startswith(f"{path}: ")
    assert "\n" not in line
    return line


def test_text_survives_a_round_trip_with_its_start_token(tmp_path):
    tokenizer = FileTokenizer(byte_level(tmp_path / "tokenizer.json"), 257)
    ids = tokenizer.encode("4 + 5 ≈ 9")
    assert ids[0] == 0
    assert tokenizer.decode(ids) == "4 + 5 ≈ 9"


@pytest.mark.parametrize("text", ["734", "≈ é 😀!", "a\ufffdb"])
def test_streamed_pieces_add_up_to_the_text(tmp_path, text):
    file = FileTokenizer(byte_level(tmp_path / "tokenizer.json"), 257)
    for tokenizer in (file, ByteTokenizer(256)):
        stream = tokenizer.stream()
        pieces = [stream.push(token_id) for token_id in tokenizer.encode(text)]
        assert all("\ufffd" not in piece for piece in pieces) or "\ufffd" in text
        assert "".join(pieces) + stream.finish() == text


def test_what_stays_unfinished_is_shown_at_the_end():
    stream = ByteTokenizer(256).stream()
    assert [stream.push(byte) for byte in b"a\xf0\x9f"] == ["a", "", ""]
    assert stream.finish() == "\ufffd"


def test_ids_beyond_bytes_show_as_numbers():
    assert ByteTokenizer(128256).decode([72, 105, 128001]) == "Hi<128001>"


def test_bytes_outside_a_small_vocabulary_are_refused():
    with pytest.raises(BitsimError, match="byte 122 is outside the vocabulary of 100"):
        ByteTokenizer(100).encode("az")


def test_vocabulary_larger_than_the_networks(tmp_path):
    path = byte_level(tmp_path / "tokenizer.json")
    assert "has id 256, the network's vocab_size is 256" in fault(path, 256)
    FileTokenizer(path, 257)


def test_template_with_an_id_outside_the_vocabulary(tmp_path):
    path = byte_level(tmp_path / "tokenizer.json")
    table = json.loads(path.read_text())
    table["post_processor"]["special_tokens"]["<s>"]["ids"] = [5000]
    path.write_text(json.dumps(table))
    tokenizer = FileTokenizer(path, 300)
    with pytest.raises(BitsimError, match="becomes token id 5000"):
        tokenizer.encode("1")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not plain JSON"),
        (b"{", "not plain JSON"),
        (b"[]", "not a JSON object"),
        (b"{}", "not a tokenizer"),
        (b'{"model": {"type": "BPE"}}', "not a tokenizer"),
        (b'{"model": 1, "model": 2}', "twice"),
        (b'{"a": ' * 50_000, "nested too deeply"),
        (b'{"a": NaN}', "NaN"),
        (b"\xff\xfe", "byte 0 is not UTF-8"),
    ],
)
def test_file_that_is_no_tokenizer(tmp_path, content, said):
    path = tmp_path / "tokenizer.json"
    path.write_bytes(content)
    assert said in fault(path)


def test_oversized_file(tmp_path):
    path = tmp_path / "tokenizer.json"
    with path.open("wb") as file:
        file.truncate(module.MAX_TOKENIZER_BYTES + 1)
    assert "a tokenizer has at most" in fault(path)


def test_folder_in_place_of_a_file(tmp_path):
    assert "is not a file" in fault(tmp_path)


def test_checkpoint_without_tokenizer_takes_ids_but_no_text(tmp_path):
    network = load_network(str(GOLDEN / "untied"))
    with pytest.raises(BitsimError, match=r"tokenizer\.json: no such file, so text has no token"):
        network.tokenizer.encode("1")


def test_checkpoint_brings_its_tokenizer(tmp_path):
    shutil.copytree(GOLDEN / "offline", tmp_path / "net")
    path = byte_level(tmp_path / "net" / "tokenizer.json")
    assert "vocab_size is 256" in _load_fault(tmp_path / "net")
    table = json.loads(path.read_text())
    last = max(table["model"]["vocab"], key=table["model"]["vocab"].get)
    del table["model"]["vocab"][last]
    path.write_text(json.dumps(table))
    assert load_network(str(tmp_path / "net")).tokenizer.decode([0]) == ""


def _load_fault(folder):
    with pytest.raises(BitsimError) as caught:
        load_network(str(folder))
    return str(caught.value)

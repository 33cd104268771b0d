"""--chat, --system and --context from the command line."""

import json
import shutil
from pathlib import Path

import pytest

from bitsim.cli import main
from bitsim.reference import memory
from bitsim.trace import load_trace

CHAT = Path(__file__).parent.parent / "golden" / "chat"
RECORDED = json.loads((CHAT / "recorded.json").read_text())["chats"]
ASKED = next(each for each in RECORDED if each["messages"][0]["role"] == "system")
SYSTEM, USER = (each["content"] for each in ASKED["messages"][:2])
SHAPE = """
name = "tiny"
hidden_size = 64
intermediate_size = 128
layers = 1
heads = 4
kv_heads = 2
vocab_size = 603
max_context = 48
rms_norm_eps = 1e-5
rope_theta = 10000.0
tied_head = true
bos_id = 600
eos_ids = [601]
[statistics]
zero_weight_fraction = 0.4
zero_ffn_fraction = 0.6
source = "chosen"
"""


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    """A checkpoint that can chat, though what it says means nothing."""
    folder = tmp_path_factory.mktemp("chat")
    (folder / "tiny.toml").write_text(SHAPE)
    made = folder / "net"
    argv = ["checkpoint", "make", "--network", str(folder / "tiny.toml"), "--out", str(made)]
    assert main(argv) == 0
    shutil.copy(CHAT / "tokenizer.json", made)
    return str(made)


def refused(capsys, argv):
    assert main(argv) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    return captured.err.splitlines()[-1]


def test_a_chat_is_run_in_its_published_form(tmp_path, capsys, net):
    chat = ["--chat", f" {USER}\n", "--system", SYSTEM]
    argv = ["run", "--network", net, *chat, "--tokens", "2", "--out", str(tmp_path), "--json"]
    assert main(argv) == 0
    table = json.loads(capsys.readouterr().out)
    assert f"<|begin_of_text|>{table['prompt']}" == ASKED["rendered"]
    assert table["bit_exact"] is True
    argv = ["trace", "record", "--network", net, *chat, "--tokens", "1"]
    assert main([*argv, "--out", str(tmp_path / "t")]) == 0
    assert load_trace(tmp_path / "t").passes[0].m == len(ASKED["ids"])


def test_a_chat_needs_its_special_tokens(tmp_path, capsys):
    argv = ["--network", "addition", "--chat", "1+1=", "--out", str(tmp_path / "new")]
    for command in (["run"], ["trace", "record"]):
        line = refused(capsys, [*command, *argv])
        assert "addition: its tokenizer has no special token <|begin_of_text|>" in line
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--prompt", "a", "--chat", "b"], "not allowed with argument --prompt"),
        (["--system", "a"], "--system: needs --chat"),
        (["--system", "a", "--prompt", "b"], "--system: needs --chat"),
        (["--context", "0"], "'0' must be a whole number from 1"),
        (["--context", "1048577"], "must be a whole number from 1 to 1048576"),
    ],
)
def test_options_that_do_not_go_together_are_refused(tmp_path, capsys, options, says):
    for command in (["run"], ["trace", "record"]):
        assert says in refused(capsys, [*command, *options, "--out", str(tmp_path / "new")])
    assert not (tmp_path / "new").exists()


def test_context_beyond_the_training_is_taken_only_when_asked_for(tmp_path, capsys, net):
    prompt = "a b c d e f g h i j k l m n o p q r s t u v w x y z a b c d e f g h i j k l m n o p q"
    run = ["--network", net, "--prompt", prompt, "--tokens", "10"]
    for number, command in enumerate((["run"], ["trace", "record"])):
        argv = [*command, *run, "--out", str(tmp_path / str(number))]
        line = refused(capsys, argv)
        assert "tokens = 10: with 56 of the prompt beyond the context of net, 48" in line
        assert line.endswith("or lift the context to 65")
        assert main([*argv, "--context", "65"]) == 0
        said = capsys.readouterr().err
        assert "net: a context of 65; positions from 48 on are beyond those it was trained" in said
    ids = ["logits", "--network", net, "--ids", ",".join(["5"] * 49), "--out", str(tmp_path / "l")]
    assert "a context of 49 tokens; it takes 1 to 48" in refused(capsys, ids)
    assert main([*ids, "--context", "49"]) == 0
    assert "positions from 48 on" in capsys.readouterr().err


def test_a_smaller_context_is_a_limit_without_a_word(tmp_path, capsys, net):
    argv = ["run", "--network", net, "--prompt", "a b", "--out", str(tmp_path), "--context", "4"]
    assert "beyond the context of net, 4" in refused(capsys, [*argv, "--tokens", "3"])
    assert main([*argv, "--tokens", "2"]) == 0
    assert "trained" not in capsys.readouterr().err


def test_a_cache_beyond_the_memory_is_refused_before_anything_is_loaded(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(memory, "available_bytes", lambda: 8_000_000_000)
    loaded = []
    for module in ("generation", "recording"):
        monkeypatch.setattr(f"bitsim.runs.{module}.load_network", loaded.append)
    many = ["--context", str(1 << 20), "--tokens", str(1 << 20), "--out", str(tmp_path / "new")]
    for command in (["run"], ["trace", "record"]):
        line = refused(capsys, [*command, "--network", "bitnet-b1.58-2b-4t", *many])
        assert "a key-value cache of 1048576 tokens needs 1" in line
    assert loaded == []
    assert not (tmp_path / "new").exists()

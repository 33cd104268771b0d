"""What is fuzzed: each reader, the bytes it begins with, and what may come out of it.

A reader is given a folder whose files are sound but for one, which holds the fuzzer's bytes. It
may take them or raise a `BitsimError` of printable lines that name a file of the folder; anything
else is a finding.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from tokenizers.pre_tokenizers import ByteLevel

from bitsim.errors import BitsimError
from bitsim.files.tensorfile import open_tensors
from bitsim.reference.checkpoints.folder.checkpoint import FolderCheckpoint
from bitsim.reference.checkpoints.folder.generation_config import with_generation_config
from bitsim.reference.checkpoints.folder.shards import INDEX, open_folder
from bitsim.reference.checkpoints.gguf.checkpoint import GgufCheckpoint
from bitsim.reference.checkpoints.layouts.reader import read_layout
from bitsim.reference.text.tokenizer import FileTokenizer
from bitsim.spec import catalog, network
from bitsim.sweeps.designs import load_sweep
from bitsim.trace import load_trace
from tests.bad_input.corpus import corpus
from tests.bad_input.gguf_networks import good_gguf
from tests.bad_input.good_checkpoint import VOCAB, good_folder
from tests.bad_input.shard_files import good_shards
from tests.bad_input.trace_files import good_trace as make_trace
from tests.fuzz.mutate import FORMS
from tests.reference.checkpoints.gguf import gguf_writer as w
from tests.reference.checkpoints.layouts import layout_files

MOST_LINE = 1200
MODELS = catalog.models_folder()
DIGEST = re.compile(rb'("sha256"\s*:\s*")[0-9a-f]{64}(")')  # the manifest's own is the last
EVENTS = "events-00000.safetensors"


@dataclass(frozen=True)
class Target:
    """One reader.

    file   the name of the fuzzed file
    read   called with the path of that file; leaves no file open
    good   the sound bytes, and further ones of the same form
    beside the sound files beside it
    bytes  from the fuzzer's input to what is written; as it is unless said otherwise
    form   what mutations keep: that of the file's name unless said otherwise
    most_bytes  of an input; longer seeds are left to the corpus of bad input
    """

    file: str
    read: Callable[[Path], object]
    good: Callable[[], list[bytes]]
    beside: Callable[[], dict[str, bytes]] = dict
    bytes: Callable[[bytes], dict[str, bytes]] | None = None
    form: str = ""
    most_bytes: int = 8192

    @property
    def mutate(self) -> Callable[[bytes, Random], bytes | None] | None:
        """A mutation that keeps the form, if there is one."""
        return FORMS.get(self.form or Path(self.file).suffix)

    def seeds(self) -> list[bytes]:
        """The sound bytes, then every bad file of that name; in one order."""
        bad = [
            each.files[self.file]
            for each in _corpus()
            if each.blamed == self.file and self.file in each.files and not each.sizes
        ]
        return [seed for seed in (*self.good(), *bad) if len(seed) <= self.most_bytes]


class Reader:
    """A target with its folder, ready to be given inputs."""

    def __init__(self, target: Target, folder: Path) -> None:
        self.target = target
        self.folder = folder
        for name, content in target.beside().items():
            (folder / name).write_bytes(content)

    def read(self, data: bytes) -> bool:
        """Whether the bytes are taken; raises what should not come out."""
        files = self.target.bytes(data) if self.target.bytes else {self.target.file: data}
        for name, content in files.items():
            path = self.folder / name
            path.unlink(missing_ok=True)  # a mapped file must not change
            path.write_bytes(content)
        try:
            self.target.read(self.folder / self.target.file)
        except BitsimError as error:
            lines = str(error).splitlines()
            assert lines, "a fault without a line"
            for line in lines:
                assert line.isprintable() and len(line) < MOST_LINE, line
                assert self.folder.name in line, line
            return False
        return True


@cache
def _corpus():
    return corpus()


@cache
def good_trace() -> dict[str, bytes]:
    """Made once."""
    return make_trace()


def _tensors(path: Path) -> None:
    file = open_tensors(path)
    for name in file.names:
        assert file.tensor(name).shape == file.shape(name)
        file.tensor(name).tobytes()


def _shards(path: Path) -> None:
    tensors = open_folder(path.parent)
    for name in tensors.names:
        tensors.tensor(name).tobytes()


def _tokenizer(path: Path) -> None:
    tokenizer = FileTokenizer(path, VOCAB)
    stream = tokenizer.stream()
    for token_id in (*tokenizer.encode("a b, \u00df <s>\n"), *range(VOCAB)):
        stream.push(token_id)
    stream.finish()


def _gguf(path: Path) -> None:
    GgufCheckpoint(path).network()


def _gguf_tokenizer(path: Path) -> None:
    tokenizer = GgufCheckpoint(path).tokenizer()
    tokenizer.decode(tokenizer.encode("a b, \u00df <|eot_id|>\n"))


@cache
def _gguf_with_tokens() -> list[bytes]:
    """A file with the smallest list of tokens that is read: the 256 bytes, and a few."""
    controls = ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"]
    tokens = [*sorted(ByteLevel.alphabet()), "ab", *controls]
    types = [1] * 257 + [3] * 3

    def edit(keys, tensors):
        listed = "tokenizer.ggml"
        for name, write, values in (
            ("tokens", lambda values: w.u32(8) + w.u64(len(values)) + _strings(values), tokens),
            ("merges", lambda values: w.u32(8) + w.u64(len(values)) + _strings(values), ["a b"]),
            ("token_type", lambda values: w.u32(5) + w.u64(len(values)) + _u32s(values), types),
        ):
            keys[name] = w.key(f"{listed}.{name}", 9, write(values))
        keys["model"] = w.text(f"{listed}.model", "gpt2")
        keys["bitnet-b1.58.vocab_size"] = w.whole("bitnet-b1.58.vocab_size", len(tokens))
        tensors["token_embd.weight"] = (w.F16, (len(tokens), 16), bytes(32 * len(tokens)))

    return [good_gguf(edit=edit)]


def _strings(values: list[str]) -> bytes:
    return b"".join(map(w.string, values))


def _u32s(values: list[int]) -> bytes:
    return b"".join(map(w.u32, values))


@cache
def _layout(label: str) -> tuple[bytes, bytes]:
    """Header and data of a sound file in a layout of ternary weights."""
    with tempfile.TemporaryDirectory() as folder:
        path, _ = layout_files.written(Path(folder), label, layout_files.made(Path(folder), 1))
        whole = path.read_bytes()
    size = 8 + int.from_bytes(whole[:8], "little")
    return whole[8:size], whole[size:]


def _layout_target(label: str) -> Target:
    """The header is fuzzed; codes and scales stay, since any byte of them is a weight."""

    def with_data(header: bytes) -> dict[str, bytes]:
        length = len(header).to_bytes(8, "little")
        return {"layout.safetensors": length + header + _layout(label)[1]}

    def read(path: Path) -> None:
        for matrix in read_layout(path):
            assert matrix.packed.shape == (matrix.n, matrix.k // 4)

    return Target(
        "layout.safetensors", read, lambda: [_layout(label)[0]], bytes=with_data, form=".json"
    )


def _generation_config(path: Path) -> None:
    with_generation_config(_spec(), path)


@cache
def _spec():
    return catalog.load_network_spec("addition")


def _sealed(manifest: bytes) -> dict[str, bytes]:
    """With the manifest's checksum made right, so that what it says is read."""
    found = list(DIGEST.finditer(manifest))
    if not found:
        return {"trace.json": manifest}
    begin, end = found[-1].end(1), found[-1].start(2)
    digest = hashlib.sha256(manifest[:begin] + b"0" * 64 + manifest[end:]).hexdigest().encode()
    return {"trace.json": manifest[:begin] + digest + manifest[end:]}


def _events(chunk: bytes) -> dict[str, bytes]:
    """A chunk of events, with a manifest that has its size and its checksum."""
    table = json.loads(good_trace()["trace.json"])
    entry = table["event_chunks"][0]
    entry |= {"bytes": len(chunk), "sha256": hashlib.sha256(chunk).hexdigest()}
    return {EVENTS: chunk} | _sealed(json.dumps(table).encode())


def _toml(kind: str, name: str) -> Callable[[], list[bytes]]:
    return lambda: [(MODELS / kind / f"{name}.toml").read_bytes()]


def _good(file: str) -> Callable[[], list[bytes]]:
    return lambda: [good_folder()[file]]


TARGETS = {
    "safetensors": Target("model.safetensors", _tensors, _good("model.safetensors")),
    "checkpoint": Target(
        "model.safetensors",
        lambda path: FolderCheckpoint(path.parent).network(),
        _good("model.safetensors"),
        good_folder,
    ),
    "shards": Target(INDEX, _shards, lambda: [good_shards()[INDEX]], good_shards),
    "gguf": Target("model.gguf", _gguf, lambda: [good_gguf()]),
    "gguf_tokenizer": Target("model.gguf", _gguf_tokenizer, _gguf_with_tokens, most_bytes=1 << 14),
    "layout_int2": _layout_target("int2"),
    "layout_tl1": _layout_target("tl1"),
    "layout_tl2": _layout_target("tl2"),
    "config": Target("config.json", network.from_config, _good("config.json")),
    "generation_config": Target(
        "generation_config.json",
        _generation_config,
        lambda: [b'{"eos_token_id": [1, 2]}', b'{"eos_token_id": 1, "do_sample": true}'],
    ),
    "tokenizer": Target("tokenizer.json", _tokenizer, _good("tokenizer.json")),
    "accelerator": Target(
        "bad.toml",
        lambda path: catalog.load_accelerator(str(path)),
        _toml("accelerators", "dot_16x40"),
    ),
    "network": Target(
        "bad.toml",
        lambda path: catalog.load_network_spec(str(path)),
        _toml("networks", "bitnet-b1.58-2b-4t"),
    ),
    "technology": Target(
        "bad.toml",
        lambda path: catalog.load_technology(str(path)),
        _toml("technologies", "7nm"),
    ),
    "sweep": Target("bad.toml", lambda path: load_sweep(str(path)), _toml("sweeps", "decode_2b")),
    "trace_manifest": Target(
        "trace.json",
        lambda path: load_trace(path.parent).info(),
        lambda: [good_trace()["trace.json"]],
        good_trace,
        _sealed,
    ),
    "trace_events": Target(
        EVENTS,
        lambda path: load_trace(path.parent).info(),
        lambda: [good_trace()[EVENTS]],
        good_trace,
        _events,
    ),
}

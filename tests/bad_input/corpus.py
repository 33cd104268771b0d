"""The corpus of bad input: how many files of each kind, and with DIR, writes them to look at.

python -m tests.bad_input.corpus [DIR]
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bitsim.spec.defaults import ACCELERATOR
from tests.bad_input.bad_file import BadFile
from tests.bad_input.checkpoint_files import bad_checkpoints
from tests.bad_input.config_files import bad_configs
from tests.bad_input.gguf_files import COMMANDS as GGUF_COMMANDS
from tests.bad_input.gguf_files import bad_gguf
from tests.bad_input.gguf_networks import good_gguf
from tests.bad_input.good_checkpoint import COMMANDS, good_folder, good_master
from tests.bad_input.safetensors_files import bad_safetensors
from tests.bad_input.shard_files import bad_shards, good_shards
from tests.bad_input.tokenizer_files import bad_tokenizers
from tests.bad_input.toml_files import NETWORK, bad_toml
from tests.bad_input.trace_files import INFO, bad_traces, good_trace
from tests.bad_input.worker import Worker
from tests.reference.checkpoints.gguf import gguf_writer

LONG = "x" * 10_000
SHAPE = ("simulate", "--network")


OF_WEIGHTS = (
    "GGUF",
    "safetensors",
    "shards",
    "checkpoint",
    "tokenizer",
)  # one file, one fault, one line


def corpus() -> list[BadFile]:
    """Everything, in one order."""
    return [
        *bad_gguf(),
        *bad_safetensors(),
        *bad_shards(),
        *bad_checkpoints(),
        *bad_tokenizers(),
        *bad_configs(),
        *bad_toml(),
        *bad_traces(),
        *bad_names(),
    ]


def counts() -> Counter[str]:
    """How many of each kind."""
    return Counter(bad.kind for bad in corpus())


def good_inputs() -> list[BadFile]:
    """What the faults are put into, with every command that meets them."""
    found: list[tuple[dict[str, bytes], tuple[str, ...]]] = [({}, (*SHAPE, NETWORK))]
    found += [(good_trace(), INFO)]  # too short to simulate
    folders = (good_folder(), good_shards(), good_master())
    found += [(files, argv) for files in folders for argv in COMMANDS]
    for ternary in (gguf_writer.I2_S, gguf_writer.TQ1_0, gguf_writer.TQ2_0):
        files = good_folder() | {"model.gguf": good_gguf(ternary), "text.txt": b"a b"}
        found += [(files, argv) for argv in GGUF_COMMANDS]
    return [BadFile("good", " ".join(argv), files, "", argv, "") for files, argv in found]


def bad_names() -> Iterator[BadFile]:
    """Arguments that are at fault themselves."""
    for name, argv, says in (
        ("network misspelt", (*SHAPE, "bitnet-b1.58-2b"), f"did you mean '{NETWORK}'?"),
        ("network empty", (*SHAPE, ""), "'': no such name in networks"),
        ("network with NUL", (*SHAPE, "a\0b"), "'a\\x00b': no such name in networks"),
        ("network with a line break", (*SHAPE, "a\nb"), "'a\\nb': no such name in networks"),
        ("network of 10,000", (*SHAPE, LONG), "cannot be read (File name too long)"),
        ("network path of 10,000", (*SHAPE, f"/{LONG}"), "cannot be read (File name too long)"),
        ("network path with NUL", (*SHAPE, "/a\0b.toml"), "no such name in networks"),
        ("network a device", (*SHAPE, "/dev/zero"), "/dev/zero: is not a file with a size"),
        ("network a folder", (*SHAPE, "/"), "/config.json: no such file"),
        (
            "accelerator misspelt",
            (*SHAPE, NETWORK, "--accelerator", "dot16x40"),
            f"did you mean '{ACCELERATOR}'?",
        ),
        (
            "accelerator of 10,000",
            (*SHAPE, NETWORK, "--accelerator", LONG),
            "cannot be read (File name too long)",
        ),
        (
            "technology misspelt",
            (*SHAPE, NETWORK, "--technology", "7nn"),
            "did you mean '7nm'?",
        ),
        ("sweep misspelt", ("explore", "zzz", "--out", "{out}"), "'zzz': no such name in sweeps"),
        ("trace missing", ("trace", "info", "{here}/none"), "no such file"),
        ("trace with NUL", ("trace", "info", "a\0b"), "must be the path of a trace's folder"),
        ("trace of 10,000", ("trace", "info", LONG), "cannot be read (File name too long)"),
        ("trace a device", ("trace", "info", "/dev/zero"), "/dev/zero"),
        ("no network at all", ("simulate",), "give either a trace or --network"),
        ("batch of 0", (*SHAPE, NETWORK, "--batch", "0"), "'0' must be a whole number from 1"),
        ("batch of 10^400", (*SHAPE, NETWORK, "--batch", str(10**400)), "must be a whole number"),
        ("context -1", (*SHAPE, NETWORK, "--context=-1"), "'-1' must be a whole number"),
        (
            "ids that are none",
            ("logits", "--network", NETWORK, "--ids", "1,a", "--out", "{out}/l"),
            "must be token ids such as 1,2,3",
        ),
        ("unknown command", ("simulat",), "did you mean 'simulate'?"),
        ("unknown option", (*SHAPE, NETWORK, "--bach", "1"), "--bach"),
    ):
        yield BadFile("name", name, {}, "", argv, says)


def main() -> None:
    """Print a table; given a folder write every file, and a line for each."""
    if sys.argv[1:] == ["--measure"]:
        measure()
        return
    for kind, count in counts().items():
        print(f"{kind:12s} {count:4d}")
    print(f"{'all':12s} {counts().total():4d}")
    for folder in map(Path, sys.argv[1:]):
        for number, bad in enumerate(corpus()):
            here = folder / f"{number:03d}"
            bad.write(here)
            command = " ".join(each[:60] for each in bad.command(here, folder / "out"))
            print(f"{here.name}  {bad.kind}: {bad.name}  bitsim {command!r}  ...{bad.says}")


def measure() -> None:
    """The slowest and the hungriest file of each kind."""
    worker = Worker(good_inputs())
    seconds: dict[str, list[tuple[float, str]]] = {}
    extra_bytes: dict[str, list[tuple[int, str]]] = {}
    for bad in corpus():
        with tempfile.TemporaryDirectory() as folder:
            bad.write(Path(folder) / "here")
            outcome = worker.run(bad, Path(folder))
        seconds.setdefault(bad.kind, []).append((outcome.seconds, bad.name))
        extra_bytes.setdefault(bad.kind, []).append((outcome.extra_bytes, bad.name))
    worker.close()
    for kind, count in counts().items():
        (slow, slow_name), (most, most_name) = max(seconds[kind]), max(extra_bytes[kind])
        print(f"{kind:12s} {count:4d}  {slow:.3f} s  {slow_name:.50}")
        print(f"{'':17s}  {most / 2**20:5.0f} MiB  {most_name:.50}")


if __name__ == "__main__":
    main()

"""Traces: cut, flipped, forged, of the future."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bitsim.spec import catalog
from bitsim.spec.ternary import TernaryMatrix
from bitsim.trace import Event, TraceWriter
from tests.bad_input.bad_file import BadFile

MANIFEST = "trace.json"
INFO = ("trace", "info", "{here}")
SIMULATE = ("simulate", "{here}", "--out", "{out}")


def good_trace() -> dict[str, bytes]:
    """One event of a small network."""
    network = catalog.load_network_spec("bitnet-b1.58-2b-4t").model_copy(update={"layers": 1})
    matrix = TernaryMatrix("m", 2, 8, np.full((2, 2), 0x55, np.uint8), 1.0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.trace"
        with TraceWriter(path, network, "bitsim trace record", 0) as writer:
            writer.begin_pass(1, 0)
            activations, scales = np.ones((1, 8), np.int8), np.ones(1, np.float32)
            writer.add(Event(0, "layers.0.o", activations, scales, (matrix,)))
        return {file.name: file.read_bytes() for file in path.iterdir()}


def bad_traces() -> Iterator[BadFile]:
    """All of them; each is met by `trace info` and by `simulate` in turn."""
    good = good_trace()
    for number, (name, file, content, says) in enumerate((*_damaged(good), *_forged(good))):
        argv = SIMULATE if number % 2 else INFO
        yield BadFile("trace", name, good | {file: content}, file, argv, says)
    for file in good:
        files = {name: content for name, content in good.items() if name != file}
        yield BadFile("trace", f"no {file}", files, file, INFO, "")


def _damaged(good: dict[str, bytes]) -> Iterator[tuple[str, str, bytes, str]]:
    for file, content in good.items():
        for size in (0, 1, 7, 8, 9, len(content) // 2, len(content) - 1):
            yield f"{file} cut to {size}", file, content[:size], ""
        yield f"{file} a byte longer", file, content + b" ", ""
        for place in np.linspace(0, len(content) - 1, 7).astype(int).tolist():
            flipped = bytearray(content)
            flipped[place] ^= 1 << place % 8
            yield f"{file} bit flipped in byte {place}", file, bytes(flipped), ""
    for name, content, says in (
        ("not UTF-8", b"\xff", "byte 0 is not UTF-8"),
        ("a list", b"[]", "format: must be 'bitsim trace'"),
        ("nested", b"[" * 1_000_000, "nested too deeply"),
        ("too large", b" " * 10_000_001, "10000001 bytes; such a file has at most 10000000"),
        ("dense", b"[" + b"[]," * 1_000_000 + b"[]]", "2000002 values, of at most 1048576"),
        ("another format", b'{"format": "other"}', "format: must be 'bitsim trace'"),
        ("no checksum", b'{"format": "bitsim trace", "version": 1}', "own checksum is missing"),
    ):
        yield f"manifest {name}", MANIFEST, content, says


def _forged(good: dict[str, bytes]) -> Iterator[tuple[str, str, bytes, str]]:
    """Manifests of someone who can compute checksums."""

    def forged(edit: Callable[[dict[str, Any]], object]) -> bytes:
        table = json.loads(good[MANIFEST])
        edit(table)
        table["sha256"] = "0" * 64
        digest = hashlib.sha256(json.dumps(table).encode()).hexdigest()
        return json.dumps(table | {"sha256": digest}).encode()

    chunk, long = "event_chunks", "x" * 10_000
    for name, edit, says in (
        ("version 2", lambda t: t.update(version=2), "version = 2: written by a later bitsim"),
        ("version 10^400", lambda t: t.update(version=10**400), "written by a later bitsim"),
        ("version a string", lambda t: t.update(version="1"), "version = '1': must be"),
        ("file ../", lambda t: t[chunk][0].update(file="../a"), "events file '../a': must be"),
        ("file with NUL", lambda t: t[chunk][0].update(file="a\0"), "events file 'a\\x00': must"),
        ("file of 10,000", lambda t: t[chunk][0].update(file=long), "events file 'xxx"),
        ("product ../", lambda t: t["products"][0].update(name="../a"), "name = '../a': "),
        ("product with NUL", lambda t: t["products"][0].update(name="a\0"), "name = 'a\\x00': "),
        ("product of 10,000", lambda t: t["products"][0].update(name=long), "name = 'xxx"),
        ("matrix </script>", lambda t: t["matrices"][0].update(name="</script>"), "'</script>': "),
        ("scale -1", lambda t: t["matrices"][0].update(scale=-1.0), "scale = -1.0: "),
        ("m of 0", lambda t: t["passes"][0].update(m=0), "passes.0.m = 0: "),
        ("pass 5", lambda t: t[chunk][0].update(events=[[5, 0]]), "pass 5 is named, there are 1"),
        ("network", lambda t: t["network"].update(heads=7), "is not a multiple of heads = 7"),
        ("unknown field", lambda t: t.update(weigths=1), "weigths: unknown field"),
    ):
        yield f"forged {name}", MANIFEST, forged(edit), says

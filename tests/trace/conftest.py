"""A small trace, and what it takes to damage one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bitsim.spec import encoding
from bitsim.spec.network import NetworkSpec
from bitsim.spec.ternary import TernaryMatrix
from bitsim.trace import Event, TraceWriter

NETWORK = NetworkSpec(
    name="small",
    hidden_size=8,
    intermediate_size=12,
    layers=1,
    heads=2,
    kv_heads=1,
    vocab_size=16,
    max_context=32,
    rms_norm_eps=1e-5,
    rope_theta=10000.0,
    tied_head=True,
    bos_id=0,
    eos_ids=(1, 2),
)


@pytest.fixture(scope="session")
def network() -> NetworkSpec:
    return NETWORK


def matrix(name: str, rows: list[list[int]], scale: float = 0.5) -> TernaryMatrix:
    weights = np.array(rows, np.int8)
    n, k = weights.shape
    return TernaryMatrix(name, n, k, encoding.pack(weights, "2bit"), scale)


@pytest.fixture(scope="session")
def events() -> tuple[Event, ...]:
    """Two passes of two products; k = 5 leaves padding in the last byte of a row."""
    q = matrix("model.layers.0.self_attn.q_proj", [[1, 0, -1, 0, 1], [0, 0, 0, 0, -1]])
    k = matrix("model.layers.0.self_attn.k_proj", [[-1, -1, 1, 1, 0]], scale=0.1)
    o = matrix("model.layers.0.self_attn.o_proj", [[1, 1, 1, 1]] * 3, scale=2.0)
    rng = np.random.default_rng(5)

    def event(index: int, name: str, m: int, *matrices: TernaryMatrix) -> Event:
        activations = rng.integers(-128, 128, (m, matrices[0].k)).astype(np.int8)
        activations[0, 0] = 0
        scales = rng.uniform(0.1, 9, m).astype(np.float32)
        return Event(index, name, activations, scales, matrices)

    return (
        event(0, "layers.0.qkv", 3, q, k),
        event(0, "layers.0.o", 3, o),
        event(1, "layers.0.qkv", 1, q, k),
        event(1, "layers.0.o", 1, o),
    )


@pytest.fixture
def recorded(tmp_path: Path, events: tuple[Event, ...]) -> Path:
    """The events as a trace."""
    path = tmp_path / "small.trace"
    with TraceWriter(path, NETWORK, command="bitsim trace record", seed=3) as writer:
        for index, m, context in ((0, 3, 0), (1, 1, 3)):
            writer.begin_pass(m, context)
            for event in events:
                if event.pass_index == index:
                    writer.add(event)
    return path


@pytest.fixture
def resign() -> Callable[[Path, Callable[[dict], None]], None]:
    """Change a manifest as someone would who can compute its checksums."""

    def change(path: Path, edit: Callable[[dict], None]) -> None:
        table = json.loads((path / "trace.json").read_text())
        edit(table)
        for chunk in (*table["weight_chunks"], *table["event_chunks"]):
            file = path / str(chunk.get("file"))[:99].replace("\0", "")
            if file.is_file():
                chunk["bytes"] = file.stat().st_size
                chunk["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
        table["sha256"] = "0" * 64
        text = json.dumps(table)
        table["sha256"] = hashlib.sha256(text.encode()).hexdigest()
        (path / "trace.json").write_text(json.dumps(table))

    return change

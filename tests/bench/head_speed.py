"""How fast the output head is: one token by the 2B model's table, bf16 and int8, and its decode.

The alternatives: reading the same bytes and doing nothing else, by one thread; the int8 head beside
the bf16 head; two threads against one; and a decoded token of the 2B shape with either head.
Compilation is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from bitsim.reference.checkpoints.load import load_network
from bitsim.reference.network.head import with_int8_head
from bitsim.reference.network.network import Network
from tests.bench.ceilings import Threads
from tests.bench.rows import Row, over, row, seconds_of

PROMPT = np.arange(4)


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    network: str
    runs: int


FULL = Size("bitnet-b1.58-2b-4t", runs=15)
TINY = Size("small", runs=2)


def measure(size: Size) -> list[Row]:
    """Both heads, on one thread and on two."""
    own = load_network(size.network)
    int8 = with_int8_head(own)
    x = np.random.default_rng(0).normal(0, 1, (1, own.spec.hidden_size)).astype(np.float32)
    words = int8.head.codes.reshape(-1).view(np.uint64)
    found: dict[int, dict[str, list[float]]] = {}
    for threads in sorted({1, min(2, numba.get_num_threads())}):
        with Threads(threads):
            scores = {
                "bf16": seconds_of(lambda: own.head.logits(x), size.runs),
                "int8": seconds_of(lambda: int8.head.logits(x), size.runs),
            }
            found[threads] = {
                "bf16, once": over(1, scores["bf16"]),
                "int8, once": over(1, scores["int8"]),
                "int8": over(int8.head.nbytes / 1e9, scores["int8"]),
                "own decode": over(1, decode_s(own, size.runs)),
                "int8 decode": over(1, decode_s(int8, size.runs)),
            }
    with Threads(1):
        read = over(words.nbytes / 1e9, seconds_of(lambda: total(words), size.runs))
    one, most, name = found[1], found[max(found)], "reference, int8 head, one token"
    decode = "decode, int8 head"
    rows = [
        row(name, "GB/s", one["int8"], f"reading, {np.median(read):.1f} GB/s", read),
        row(name, "tokens/s", one["int8, once"], "bf16 head", one["bf16, once"]),
        row(decode, "tokens/s", one["int8 decode"], "bf16 head", one["own decode"]),
    ]
    if len(found) > 1:
        rows += [
            row("int8 head, 2 threads", "GB/s", most["int8"], "one thread", one["int8"]),
            row(
                f"{decode}, 2 threads",
                "tokens/s",
                most["int8 decode"],
                "one thread",
                one["int8 decode"],
            ),
        ]
    return rows


@numba.njit
def total(words):
    """Sum of uint64, wrapping: every byte read once."""
    result = np.uint64(0)
    for word in words:
        result += word
    return result


def decode_s(network: Network, runs: int) -> list[float]:
    """Seconds of passes of one token after a short prompt."""
    cache = network.empty_cache(PROMPT.size + runs + 1)
    network.forward(PROMPT, cache)
    token = np.array([7])
    return seconds_of(lambda: network.forward(token, cache), runs)

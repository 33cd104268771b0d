"""Designs evaluated by several processes, handed back in order."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

from bitsim.sweeps.designs import Sweep
from bitsim.sweeps.evaluate import Evaluation, Refusal, evaluate

_sweep: Sweep  # of this worker process, set once when it starts


def outcomes(sweep: Sweep, indices: Sequence[int], workers: int) -> Iterator[Evaluation | Refusal]:
    """Evaluate designs; in the order of `indices`, whoever is done first."""
    if workers == 1 or len(indices) < 2:
        for index in indices:
            yield evaluate(sweep, index)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        min(workers, len(indices)), context, initializer=_start, initargs=(sweep,)
    ) as pool:
        yield from pool.map(_evaluate, indices)


def _start(sweep: Sweep) -> None:
    global _sweep  # noqa: PLW0603 - the one way to hand a worker what all its tasks share
    _sweep = sweep
    for number in (signal.SIGINT, signal.SIGHUP):  # of the terminal, and the parent's to handle
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A killed parent cannot stop its workers; they see that it is gone."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _evaluate(index: int) -> Evaluation | Refusal:
    return evaluate(_sweep, index)

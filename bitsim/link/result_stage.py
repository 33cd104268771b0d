"""The result stage, one cycle at a time: digits added up, or int8 codes (docs/top.md).

Nothing that it does in a cycle depends on values, so it has none: `values` says what it makes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitsim.array.protocol import NEVER
from bitsim.kernels import njit
from bitsim.spec.link.axi4 import SUM_BYTES, BusLayout

CHANGED, ENTERS = 1, 2  # what a cycle did: bits of what `step` returns

ABSENT, IDLE, PASS, COLLECT, SCALE, EMIT = range(6)

SETTLE_CYCLES = 4
TABLE_CYCLES = 130
SCALE_CYCLES, STEP_CYCLES = 24, 16  # and one more for each bit of an accumulator
READ_SLOTS = 10  # from the slot that addresses a word to the one in which its codes are ready

STAGE = np.dtype(
    [
        # the machine
        ("state", np.int64),  # ABSENT: what is cut goes to the FIFO
        ("hold", np.int64),
        ("beat_words", np.int64),
        ("vector_cycles", np.int64),  # in SCALE, STEP and TABLE
        # places of the list
        ("taken", np.int64),  # jobs, since the start
        # the job
        ("row_tiles", np.int64),
        ("digits", np.int64),
        ("codes", np.int64),
        ("groups_left", np.int64),  # after this block
        # the block, and its next word to be taken
        ("block_groups", np.int64),
        ("tile", np.int64),
        ("word", np.int64),  # of the tile's beats
        # the vector that leaves as codes
        ("vectors_left", np.int64),
        ("emit_cycle", np.int64),  # the first one of EMIT
        ("slot", np.int64),
        ("offered", np.int64),
        ("last", np.int64),  # what is offered is the vector's last word
    ]
)


def make_stage(layout: BusLayout) -> NDArray[Any]:
    """(1,) STAGE after reset."""
    array = layout.array
    stage = np.zeros(1, STAGE)
    stage["state"] = ABSENT if layout.bus.results is None else IDLE
    stage["hold"] = array.hold_groups
    stage["beat_words"] = layout.result_words
    scale_cycles = array.result_bits + SCALE_CYCLES
    step_cycles = array.result_bits + STEP_CYCLES
    stage["vector_cycles"] = scale_cycles + step_cycles + TABLE_CYCLES
    return stage


@njit(cache=True, forceinline=True)
def takes_word(stage: Any, room: bool) -> bool:
    """Whether a word of the cutter can go in this cycle.

    room  whether the FIFO has any, at the start of the cycle
    """
    if stage.state == ABSENT:
        return room
    if stage.state == PASS:
        return room or not _last_digit(stage)
    return stage.state == COLLECT


@njit(cache=True, forceinline=True)
def step(stage: Any, phases: Any, pushed: int, word: bool, room: bool, t: int) -> int:
    """One cycle.

    phases  (entries,)  control.PHASE
    pushed  jobs that have entered the queue before this cycle
    word    whether a word comes from the cutter
    room    as in `takes_word`
    """
    did = 0
    if stage.state == ABSENT:
        did = ENTERS if word else 0
    elif stage.state == IDLE:
        if pushed > stage.taken:
            _take_job(stage, phases[stage.taken])
            did = CHANGED
    elif stage.state == SCALE:
        if t + 1 == stage.emit_cycle:
            stage.state = EMIT
            did = CHANGED
    elif stage.state == EMIT:
        did = _emit(stage, room, t)
    elif word:
        did = CHANGED
        if stage.state == PASS and _last_digit(stage):
            did |= ENTERS
        if _count_word(stage):
            _end_block(stage, t)
    return did


@njit(cache=True, forceinline=True)
def next_event(stage: Any) -> int:
    """The next cycle in which something happens by itself."""
    return stage.emit_cycle - 1 if stage.state == SCALE else NEVER


@njit(cache=True, forceinline=True)
def _last_digit(stage: Any) -> bool:
    return stage.tile % stage.digits == stage.digits - 1


@njit(cache=True, forceinline=True)
def _take_job(stage: Any, phase: Any) -> None:
    stage.taken += 1
    stage.row_tiles = phase.row_tiles
    stage.digits = phase.digits
    stage.codes = phase.codes
    stage.groups_left = phase.groups
    _begin_block(stage)


@njit(cache=True, forceinline=True)
def _begin_block(stage: Any) -> None:
    """The next block of the job, or none."""
    stage.block_groups = min(stage.hold, stage.groups_left)
    stage.groups_left -= stage.block_groups
    stage.tile = 0
    stage.word = 0
    if stage.block_groups == 0:
        stage.state = IDLE
    else:
        stage.state = COLLECT if stage.codes != 0 else PASS


@njit(cache=True, forceinline=True)
def _count_word(stage: Any) -> bool:
    """A word has been taken; whether it was the block's last one."""
    stage.word += 1
    if stage.word < stage.block_groups * stage.beat_words:
        return False
    stage.word = 0
    stage.tile += 1
    return stage.tile == stage.row_tiles


@njit(cache=True, forceinline=True)
def _end_block(stage: Any, t: int) -> None:
    """Its last word was taken in cycle `t`."""
    if stage.state == COLLECT:
        stage.vectors_left = stage.block_groups
        _begin_vector(stage, t + 1 + SETTLE_CYCLES)
    else:
        _begin_block(stage)


@njit(cache=True, forceinline=True)
def _begin_vector(stage: Any, scale_cycle: int) -> None:
    stage.state = SCALE
    stage.emit_cycle = scale_cycle + stage.vector_cycles
    stage.slot = 0
    stage.offered = 1
    stage.last = 0


@njit(cache=True, forceinline=True)
def _emit(stage: Any, room: bool, t: int) -> int:
    """One cycle of EMIT; without room for what is offered nothing moves."""
    did = CHANGED
    if stage.offered:
        if not room:
            return 0
        stage.offered = 0
        did |= ENTERS
        if stage.last:
            stage.vectors_left -= 1
            if stage.vectors_left > 0:
                _begin_vector(stage, t + 1)
            else:
                _begin_block(stage)
            return did
    ready = stage.slot - READ_SLOTS
    last = stage.row_tiles * stage.beat_words - 1
    if ready == last or (ready >= 0 and ready % SUM_BYTES == SUM_BYTES - 1):
        stage.offered = 1
        stage.last = ready == last
    stage.slot += 1
    return did

"""Threads that go through the steps of one kernel together.

Each step is a number of parts. A member first takes parts of its own share, one after the other, so
that it reads memory in one run; then it takes parts that are left of other shares. `wait` ends a
step: all its parts are done, by any member. Nothing waits for a member that has not taken a part.
So a team is right whatever threads run it, even one after another.

A part can only be taken while its step goes on, and no member is at a later step then. So what a
member has read before it takes a part is still what the step began with. A member that comes too
late may read anything, but takes no part, and must write only to memory of its own.
"""

from __future__ import annotations

import platform

import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from bitsim.kernels import njit
from bitsim.reference.kernels.intrinsics import call, element, instruction

LINE_WORDS = 8  # int64 of a cache line: two threads that count side by side would slow each other
SPINS = 2000  # some 30 us; then the core is offered to whoever else wants it, again and again
X86 = platform.machine() in {"x86_64", "AMD64"}


def tickets(steps: int, team: int) -> NDArray[np.int64]:
    """What the members of a team count with, for each of `steps` steps."""
    return np.zeros((steps, team + 1, LINE_WORDS), np.int64)


@instruction
def _increase(typing, counts, place):
    """Add 1 to an int64 at flat place `place`, whole for all threads; what was there before."""

    def generate(context, builder, signature, arguments):
        address = element(context, builder, counts, *arguments)
        return builder.atomic_rmw("add", address, ir.IntType(64)(1), "acq_rel")

    return types.int64(counts, types.intp), generate


@instruction
def _look(typing, counts, place):
    """The int64 at flat place `place`, and all that was written before it was increased."""

    def generate(context, builder, signature, arguments):
        address = element(context, builder, counts, *arguments)
        return builder.load_atomic(address, "acquire", 8)

    return types.int64(counts, types.intp), generate


@instruction
def _pause(typing):
    """A moment's rest for the processor's other work."""

    def generate(context, builder, signature, arguments):
        if X86:
            call(builder, "llvm.x86.sse2.pause", ir.VoidType())
        return context.get_dummy_value()

    return types.void(), generate


@instruction
def _give_way(typing):
    """POSIX `sched_yield`: other threads of this core first."""

    def generate(context, builder, signature, arguments):
        call(builder, "sched_yield", ir.IntType(32))
        return context.get_dummy_value()

    return types.void(), generate


@njit(cache=True)
def take(tickets, step, member, parts):
    """A part of a step that nobody has, 0 ... parts - 1; -1 if there is none."""
    team = tickets.shape[1] - 1
    share = (parts + team - 1) // team
    for turn in range(team):
        owner = (member + turn) % team
        first = owner * share
        held = min(share, parts - first)
        place = (step * (team + 1) + owner) * LINE_WORDS
        if _look(tickets, place) < held:
            part = _increase(tickets, place)
            if part < held:
                return first + part
    return -1


@njit(cache=True)
def done(tickets, step):
    """Say that a part of a step is done."""
    team = tickets.shape[1] - 1
    _increase(tickets, (step * (team + 1) + team) * LINE_WORDS)


@njit(cache=True)
def finished(tickets, step, parts):
    """Whether all parts of a step are done."""
    team = tickets.shape[1] - 1
    return _look(tickets, (step * (team + 1) + team) * LINE_WORDS) >= parts


@njit(cache=True)
def wait(tickets, step, parts):
    """Until all parts of a step are done."""
    spins = 0
    while not finished(tickets, step, parts):
        spins += 1
        if spins < SPINS:
            _pause()
        else:
            _give_way()

"""The control of an array, as kernels ask it cycle by cycle, whatever its dataflow.

A dataflow's control is a named tuple of arrays, and its methods are kernels: `issue(control, t)`
in a kernel calls the method `issue` of the tuple that the kernel is compiled for. So what steps an
array is written once, and compiled and cached once for each dataflow.

Everything is decided on the state at the start of a cycle: a kernel first asks, then moves.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import numpy as np
from numba.extending import overload

# What a cycle is: the classes of docs/machine.md, and no phase.
BUSY, WAIT_WEIGHTS, WAIT_ACTIVATIONS, WAIT_RESULTS, DRAIN, IDLE = range(6)
CLASSES = 6

# What a record of whoever steps a control has.
CLOCK = [
    ("cycle", np.int64),  # not stepped yet
    ("accept_cycle", np.int64),  # of the phase that runs, or has ended last
    ("class_cycles", np.int64, CLASSES),  # since it was accepted
]

# The loop bounds of a phase. A record that `begin` is given has them, and may have more.
LOOPS = [("row_tiles", np.int64), ("k_beats", np.int64), ("groups", np.int64)]


class Control(Protocol):
    """What each dataflow's named tuple answers. A weight stream is named by its number."""

    def cycle_class(self) -> int:
        """What this cycle is: BUSY ... IDLE."""
        ...

    def weight_room(self, stream: int) -> bool:
        """Whether the stream's queue takes a beat in this cycle."""
        ...

    def take_weights(self, stream: int) -> None:
        """The queue takes the beat."""
        ...

    def activation_room(self) -> bool:
        """Whether the activation buffer takes a beat in this cycle."""
        ...

    def take_activations(self) -> None:
        """The buffer takes the beat."""
        ...

    def result_cycle(self) -> int:
        """First cycle in which the next result beat is offered; NEVER if none is in flight."""
        ...

    def give_result(self) -> None:
        """The result beat leaves in this cycle."""
        ...

    def issue(self, t: int) -> None:
        """Everything else that the BUSY cycle `t` does."""
        ...

    def drained(self) -> bool:
        """Whether the last result of the phase has left; asked in DRAIN."""
        ...

    def begin(self, loops: Any) -> None:
        """A phase is transferred in this IDLE cycle, and runs from the next on; `loops`: LOOPS."""
        ...

    def end(self) -> None:
        """The phase has ended; the next cycle is IDLE."""
        ...


F = TypeVar("F", bound=Callable[..., Any])


def _of_the_dataflow(method: F) -> F:
    """The method, as a function of kernels that calls that of the tuple that it is given."""

    @overload(method, jit_options={"forceinline": True})
    @functools.wraps(method)
    def own(*arguments: Any) -> Any:
        return getattr(arguments[0].instance_class, method.__name__)

    return method


cycle_class = _of_the_dataflow(Control.cycle_class)
weight_room = _of_the_dataflow(Control.weight_room)
take_weights = _of_the_dataflow(Control.take_weights)
activation_room = _of_the_dataflow(Control.activation_room)
take_activations = _of_the_dataflow(Control.take_activations)
result_cycle = _of_the_dataflow(Control.result_cycle)
give_result = _of_the_dataflow(Control.give_result)
issue = _of_the_dataflow(Control.issue)
drained = _of_the_dataflow(Control.drained)
begin = _of_the_dataflow(Control.begin)
end = _of_the_dataflow(Control.end)

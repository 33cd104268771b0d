"""Cases sorted into benches: one build for many machines, one run for many cases."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import TypeVar

MACHINES_PER_BENCH = 40
BENCH_BYTES = 256 << 20  # weights and activations of one run of a bench, as int8

CaseT = TypeVar("CaseT")
MachineT = TypeVar("MachineT", bound=Hashable)


def benches(
    cases: Iterable[CaseT],
    machine_of: Callable[[CaseT], MachineT],
    bytes_of: Callable[[CaseT], int],
) -> Iterator[list[CaseT]]:
    """Cases in groups, in order; a group has bounded memory and a bounded number of machines."""
    group: list[CaseT] = []
    machines: set[MachineT] = set()
    size_bytes = 0
    for case in cases:
        machine, case_bytes = machine_of(case), bytes_of(case)
        full = machine not in machines and len(machines) == MACHINES_PER_BENCH
        if group and (full or size_bytes + case_bytes > BENCH_BYTES):
            yield group
            group, machines, size_bytes = [], set(), 0
        group.append(case)
        machines.add(machine)
        size_bytes += case_bytes
    if group:
        yield group


def rounds(
    cases: Sequence[CaseT], machine_of: Callable[[CaseT], MachineT]
) -> Iterator[dict[MachineT, CaseT]]:
    """Cases in groups in which each machine has at most one."""
    waiting = list(cases)
    while waiting:
        group: dict[MachineT, CaseT] = {}
        for case in waiting:
            group.setdefault(machine_of(case), case)
        yield group
        waiting = [case for case in waiting if group[machine_of(case)] is not case]

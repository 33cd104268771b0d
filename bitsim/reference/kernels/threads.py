"""When a kernel is run by several threads. Results do not depend on it."""

import os

# Threads of GNU OpenMP spin between two kernels, and take the core from whoever works: on two busy
# cores that made two threads slower than one. It is read when the first parallel kernel starts.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

PARALLEL_FROM = 1 << 22  # multiply-adds; below, waking threads takes longer than the work


def worthwhile(operations: int) -> bool:
    """Whether so many multiply-adds should be shared out."""
    return operations >= PARALLEL_FROM

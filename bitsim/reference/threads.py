"""When a kernel is run by several threads. Results do not depend on it."""

PARALLEL_FROM = 1 << 22  # multiply-adds; below, waking threads takes longer than the work


def worthwhile(operations: int) -> bool:
    """Whether so many multiply-adds should be shared out."""
    return operations >= PARALLEL_FROM

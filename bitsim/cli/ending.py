"""How a command ends: the exit status and the words for each fault and each signal."""

from __future__ import annotations

import errno
import signal
import sys
import time
from types import FrameType

from bitsim.cli import streams
from bitsim.errors import BitsimError, CheckFailedError

FAULT = 2
BY_SIGNAL = 128  # and the signal's number, as shells count: 130 after Ctrl-C, 141 of a closed pipe
OF_THE_MACHINE = (
    errno.ENOSPC,
    errno.EACCES,
    errno.EROFS,
    errno.EDQUOT,
    errno.EPERM,
    errno.EIO,
    errno.EFBIG,
)
GRACE_S = 1.0  # in which a further signal does not interrupt the cleaning up after the first


class Stopped(KeyboardInterrupt):
    """SIGINT, SIGTERM or SIGHUP has come: whatever cleans up after Ctrl-C cleans up."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Stopping:
    """Makes SIGTERM and SIGHUP clean up as Ctrl-C does; what is ignored, as by nohup, stays so."""

    def __init__(self) -> None:
        self._stopped_s = -GRACE_S
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._stop)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if now - self._stopped_s >= GRACE_S:
            self._stopped_s = now
            raise Stopped(number)


def stopped(error: KeyboardInterrupt) -> int:
    """Exit status after a signal."""
    return BY_SIGNAL + (error.number if isinstance(error, Stopped) else signal.SIGINT)


def ending(error: BaseException) -> tuple[int, str] | None:
    """Exit status and what to say; None: a fault of bitsim's own, whose traceback is to be seen."""
    match error:
        case BitsimError() | CheckFailedError():
            return error.exit_status, str(error)
        case KeyboardInterrupt():
            return stopped(error), "interrupted; nothing half-written is left"
        case MemoryError():
            return FAULT, "out of memory; ask for a smaller network, context or batch"
        case BrokenPipeError() if streams.nobody_reads(sys.stdout):
            return BY_SIGNAL + signal.SIGPIPE, ""  # as other programs, which the signal ends
        case OSError() if error.errno in OF_THE_MACHINE:
            place = error.filename or "output"
            return FAULT, f"{place}: {error.strerror}; free space or choose another --out"
    return None

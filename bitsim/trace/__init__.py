"""Recorded ternary products, their files, and the schedules that array and RTL bench replay."""

from bitsim.trace.event import Event
from bitsim.trace.reader import Trace, load_trace
from bitsim.trace.writer import TraceWriter

__all__ = ["Event", "Trace", "TraceWriter", "load_trace"]

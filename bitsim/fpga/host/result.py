"""What a host did with a board."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bitsim.fpga.host.tally import BoardTally

MOST_DIFFERENCES = 20  # that are spelt out
WAITS = ("array_wait_weights", "array_wait_activations", "array_wait_results", "array_drain")


@dataclass(frozen=True)
class Answer:
    """How a network continued a prompt."""

    prompt: str
    text: str
    token_ids: tuple[int, ...]


@dataclass(frozen=True)
class HostResult:
    """What ran on the board, and in what time.

    work           name of the network, or the trace
    resumed        events of `tally.events` that an earlier call had finished
    line_bytes     bytes that crossed the line in this call, both ways
    repeats        requests that were sent again in this call
    seconds        wall time of this call at the board
    """

    accelerator: str
    port: str
    work: str
    answers: tuple[Answer, ...]
    tally: BoardTally
    resumed: int
    line_bytes: int
    repeats: int
    seconds: float

    @property
    def agrees(self) -> bool:
        """Nothing differed."""
        return self.tally.agrees

    def table(self) -> dict[str, Any]:
        """For `--json`."""
        each = self.tally
        return {
            "accelerator": self.accelerator,
            "port": self.port,
            "work": self.work,
            "agrees": self.agrees,
            "answers": [
                {"prompt": a.prompt, "text": a.text, "token_ids": list(a.token_ids)}
                for a in self.answers
            ],
            "events": each.events,
            "resumed_events": self.resumed,
            "lists": each.lists,
            "products": each.products,
            "sums": each.values,
            "value_mismatches": each.value_mismatches,
            "counter_mismatches": each.counter_mismatches,
            "differences": each.differences[:MOST_DIFFERENCES],
            "counters": each.counters,
            "line_bytes": self.line_bytes,
            "repeats": self.repeats,
            "seconds": self.seconds,
        }

    def text(self) -> str:
        """For a terminal."""
        each, counters = self.tally, self.tally.counters
        cycles = counters.get("list_cycles", 0)
        lines = [
            f"{self.work} on {self.accelerator} at {self.port}: {each.events} events in "
            f"{each.lists} lists, {each.products} products, {each.values} sums, {cycles} cycles",
            f"  sums that differ          {each.value_mismatches}",
            f"  counters that differ      {each.counter_mismatches}",
            *(f"  {name:25s} {counters.get(name, 0)}" for name in ("array_busy", *WAITS)),
            f"  bytes on the line         {self.line_bytes}, {self.repeats} requests repeated",
            f"  {self.seconds:.1f} s"
            + (f"; {self.resumed} events by an earlier call" if self.resumed else ""),
        ]
        lines += [f"  {line}" for line in each.differences[:MOST_DIFFERENCES]]
        if len(each.differences) > MOST_DIFFERENCES:
            lines.append(f"  and {len(each.differences) - MOST_DIFFERENCES} more")
        lines.append("agree: " + ("yes" if self.agrees else "NO"))
        return "\n".join(lines)

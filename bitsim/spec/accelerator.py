"""A machine: array, memory, DMA, the units beside the array, and which unit does what."""

from __future__ import annotations

from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from bitsim.spec.array.array import MAX_VECTOR_BITS, ArraySpec
from bitsim.spec.array.registry import DATAFLOWS
from bitsim.spec.base import Spec
from bitsim.spec.encoding import LARGEST_ACTIVATION
from bitsim.spec.host.host import HostSpec
from bitsim.spec.host.registry import HOSTS
from bitsim.spec.link.axi4 import (
    CODE_ACCUMULATOR_BITS,
    SUM_BITS,
    Axi4BusSpec,
    BusLayout,
    ResultsSpec,
)
from bitsim.spec.link.registry import LINKS
from bitsim.spec.memory.memory import MemorySpec
from bitsim.spec.memory.registry import MEMORIES
from bitsim.spec.registry import OneOf
from bitsim.spec.verilog_words import VERILOG_WORDS

ARRAY = "array"  # in [work]: no unit but the array itself, which can score the head

NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
NAME_RULE = "letters, digits and _, so that it is safe in Verilog, Tcl and HTML"

Work = Literal[
    "embedding", "norm", "quantize", "rope", "attention", "activation", "residual", "head"
]
WORKS: tuple[Work, ...] = get_args(Work)

_TILE = "a burst of DRAM is 64 bytes; two tiles of a stream are on the chip"
_NOTE = "for people: what the machine is for, and where its figures come from"


class DmaSpec(Spec):
    """Tiles moved between DRAM and the array; each stream has two tiles of buffer."""

    weight_tile_bytes: int = Field(ge=64, le=1 << 26, description=f"a tile of weights; {_TILE}")
    activation_tile_bytes: int = Field(
        ge=64, le=1 << 26, description=f"a tile of activations; {_TILE}"
    )
    result_tile_bytes: int = Field(ge=64, le=1 << 26, description=f"a tile of results; {_TILE}")


class UnitSpec(Spec):
    """A unit that does what is not a ternary product. Cycles are those of the accelerator."""

    multiplies_per_cycle: int = Field(ge=1, le=1 << 20, description="multiplications a cycle")
    adds_per_cycle: int = Field(ge=1, le=1 << 20, description="additions a cycle")
    setup_cycles: int = Field(ge=0, le=1 << 20, description="before each piece of work")
    arithmetic: Literal["bf16", "fp16", "fp32"] = Field(
        description="number format, by which its operations are priced"
    )
    inside: bool = Field(description="true: part of the chip, its area counts")


class AcceleratorSpec(Spec):
    """One machine. Every reading of it (cycles, hardware, cost) starts here."""

    name: Annotated[str, Field(pattern=NAME, max_length=64)] = Field(
        description=f"of the machine and its Verilog module; {NAME_RULE}"
    )
    note: str = Field("", description=_NOTE)
    clock_mhz: float = Field(
        ge=0.001, le=100_000, description="clock of array, link, DMA and units"
    )
    technology: str = Field(
        description="technology that prices the machine, where a command names no other"
    )
    array: Annotated[ArraySpec, OneOf(DATAFLOWS, "dataflow")]
    # None: the array alone, its streams are the ports.
    bus: Annotated[Axi4BusSpec, OneOf(LINKS, "kind")] | None = None
    # None: no registers, the list and the counters are ports.
    host: Annotated[HostSpec, OneOf(HOSTS, "kind")] | None = None
    memory: Annotated[MemorySpec, OneOf(MEMORIES, "kind")]
    dma: DmaSpec
    units: dict[Annotated[str, Field(pattern=NAME, max_length=64)], UnitSpec]
    work: dict[Work, str] = Field(
        description='unit that does this kind of work, every kind once; of head also "array"'
    )

    @model_validator(mode="after")
    def _everything_is_done_somewhere(self) -> Self:
        faults = []
        if self.name in VERILOG_WORDS:
            faults.append(
                f"name = '{self.name}': a word of Verilog's own, and modules have this name; "
                f"choose another"
            )
        faults += [
            f"work.{work}: missing; name the unit that does it"
            for work in WORKS
            if work not in self.work
        ]
        if ARRAY in self.units:
            faults.append(
                f"units.{ARRAY}: the name means the array itself; name the unit otherwise"
            )
        faults += [
            self._work_fault(work, unit)
            for work, unit in self.work.items()
            if unit not in self.units and (work, unit) != ("head", ARRAY)
        ]
        beat_bytes = self.array.weight_beat_bytes
        if self.dma.weight_tile_bytes < beat_bytes:
            faults.append(
                f"dma.weight_tile_bytes = {self.dma.weight_tile_bytes} is less than one beat of "
                f"all weight streams ({beat_bytes} bytes); enlarge it"
            )
        if self.bus is not None and self.array.feeds % self.bus.weight_ports:
            faults.append(
                f"bus.weight_ports = {self.bus.weight_ports} does not divide "
                f"{self.array.said('feeds')}; each port feeds as many as the others"
            )
        if self.bus is not None and self.bus.results is not None:
            faults += _result_faults(self.array, self.bus.results)
        if self.bus is not None:
            faults += _width_faults(self.array, self.bus)
        if self.host is not None and self.bus is None:
            faults.append("host: it has registers for a list and its masters; add [bus]")
        if self.host is not None and self.bus is not None:
            faults += self.host.faults(self.clock_mhz, self.bus.word_bytes)
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _work_fault(self, work: Work, unit: str) -> str:
        names = ", ".join(sorted(self.units)) or "(none)"
        if unit == ARRAY:
            return f"work.{work} = '{unit}': the array does the head alone; name one of {names}"
        return f"work.{work} = '{unit}': no such unit; add [units.{unit}] or name one of {names}"

    @property
    def head_in_array(self) -> bool:
        """The array scores the output head, from ternary digits of its int8 rows."""
        return self.work["head"] == ARRAY

    def unit_of(self, work: Work) -> str:
        """The unit that does this work.

        If the array computes the head, its sums are left to add up and scale: the unit that
        quantises does so.
        """
        return self.work["quantize" if work == "head" and self.head_in_array else work]

    def adds_digits(self, digits: int) -> bool:
        """Sums of so many digits are added up before they leave (docs/top.md, result stage)."""
        results = None if self.bus is None else self.bus.results
        return results is not None and digits <= results.digits

    @property
    def peak_products_per_s(self) -> float:
        """Ternary products a second with every lane busy."""
        return self.array.peak_products * self.clock_mhz * 1e6


for parts in (DATAFLOWS, LINKS, HOSTS, MEMORIES):
    parts.follow(lambda: AcceleratorSpec.model_rebuild(force=True))


def _width_faults(array: ArraySpec, bus: Axi4BusSpec) -> list[str]:
    """What makes a beat of the ports wider than a vector of Verilog."""
    layout = BusLayout(array, bus)
    weight_bits = layout.step_words * bus.data_bits
    result_bits = layout.result_words * bus.data_bits
    faults = []
    if weight_bits > MAX_VECTOR_BITS:
        faults.append(
            f"bus.weight_ports = {bus.weight_ports}: a beat of the {layout.port_feeds} weight "
            f"streams of a port is {weight_bits} bits in words; Verilog's vectors have at most "
            f"{MAX_VECTOR_BITS}: raise it, or lower array.{array.SET_BY['feeds']} or "
            f"array.{array.SET_BY['depth']}"
        )
    if result_bits > MAX_VECTOR_BITS:
        faults.append(
            f"bus: {array.said('rows')} x {array.said('vectors')} sums of {SUM_BITS} bits are a "
            f"beat of {result_bits} bits in words; Verilog's vectors have at most "
            f"{MAX_VECTOR_BITS}: lower one of them"
        )
    return faults


def _result_faults(array: ArraySpec, results: ResultsSpec) -> list[str]:
    """What keeps sums of this array from leaving in these forms."""
    faults = []
    widest = LARGEST_ACTIVATION * array.longest_k * (3**results.digits // 2)
    if widest.bit_length() + 1 > SUM_BITS:
        faults.append(
            f"bus.results.digits = {results.digits}: {LARGEST_ACTIVATION} x "
            f"{array.said('longest_k')} x {3**results.digits // 2} does not fit in an int32; lower "
            f"one of them"
        )
    if results.code_beats and array.vectors > 1:
        faults.append(
            f"bus.results.code_beats = {results.code_beats}: codes of one vector at a "
            f"time, and {array.said('vectors')}; set one of them to 1 and 0"
        )
    if results.code_beats and array.result_bits > CODE_ACCUMULATOR_BITS:
        faults.append(
            f"bus.results.code_beats = {results.code_beats}: codes need sums that are exact in "
            f"f32, of at most {CODE_ACCUMULATOR_BITS} bits; {array.said('result_bits')}: lower it "
            f"(and array.{array.SET_BY['longest_k']}), or set code_beats = 0"
        )
    return faults

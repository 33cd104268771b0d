"""The registers of an accelerator. Hardware, C header, Python driver and docs/registers.md are all
made from this description.

Registers are 32 bits wide, little-endian, at multiples of 4 bytes; the offsets are the same for all
machines, and only `WEIGHT_WORDS_p` depends on how many ports there are. What the bits do beyond
holding a value is in `bitsim.gateware.host.csr`.
"""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import astuple, fields

from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.counts import ArrayCounts
from bitsim.spec.encoding import PACKINGS
from bitsim.spec.link.axi4 import Axi4BusSpec, ListEntry
from bitsim.spec.registers.register import (
    REGISTER_BITS,
    REGISTER_BYTES,
    Field,
    Register,
    RegisterMap,
)

MAGIC = int.from_bytes(b"BTSM", "little")
VERSION_MAJOR = 2  # another one: a driver must not go on
VERSION_MINOR = 0  # grows when something is added

_INFO, _CONTROL, _INTERRUPT, _LIST = 0x000, 0x040, 0x050, 0x060
_ENTRY, _COUNTERS, _PORT_COUNTERS = 0x080, 0x100, 0x180
_COUNTER_BITS = 48


def register_map(accelerator: AcceleratorSpec) -> RegisterMap:
    """The registers of an accelerator that has a bus."""
    bus = accelerator.bus
    assert bus is not None
    registers = [
        *_identification(accelerator, bus),
        *_control(bus),
        *_interrupts(),
        *_list(bus),
        *_entry(),
        *_counters(bus),
    ]
    return RegisterMap(accelerator.name, tuple(registers))


def digest(accelerator: AcceleratorSpec) -> int:
    """32 bits that tell machines apart: of array, bus and host, as the first bytes of a SHA-256."""
    table = accelerator.model_dump(mode="json", include={"array", "bus", "host"})
    text = json.dumps(table, sort_keys=True, separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def _constants(name: str, offset: int, what: str, *parts: tuple[str, int, int, str]) -> Register:
    """A register of constants, from (name, bits, value, what), lowest first."""
    low = 0
    made = []
    for part, bits, value, meaning in parts:
        assert value < 1 << bits, part
        made.append(Field(part, low, bits, "ro", meaning, value))
        low += bits
    return Register(name, offset, tuple(made), what)


def _identification(accelerator: AcceleratorSpec, bus: Axi4BusSpec) -> list[Register]:
    array, host, results = accelerator.array, accelerator.host, bus.results
    memory = 0 if host is None else host.onchip_bytes
    packings = ", ".join(f"{code}: {name}" for code, name in enumerate(PACKINGS))
    packing = PACKINGS.index(array.packing)
    return [
        _constants(
            "MAGIC",
            _INFO,
            "Says that this is such an accelerator.",
            ("value", 32, MAGIC, 'The bytes "BTSM".'),
        ),
        _constants(
            "VERSION",
            _INFO + 0x04,
            "Of this page. A driver goes on if it knows the major one.",
            ("minor", 16, VERSION_MINOR, "Grows when registers or fields are added."),
            ("major", 16, VERSION_MAJOR, "Grows when what was there means something else."),
        ),
        _constants(
            "DIGEST",
            _INFO + 0x08,
            "Tells machines apart.",
            ("value", 32, digest(accelerator), "Of the array, bus and host of the file."),
        ),
        _constants(
            "ARRAY_SHAPE",
            _INFO + 0x0C,
            "The array.",
            ("columns", 16, array.rows, "Outputs worked on at a time."),
            ("lanes", 16, array.depth, "Products of a column and cycle."),
        ),
        _constants(
            "ARRAY_REUSE",
            _INFO + 0x10,
            "How often a weight beat is used.",
            ("slices", 16, array.vectors, "Activation vectors that it meets in a cycle."),
            ("hold", 16, array.hold_groups, "Groups of slices that it stays for."),
        ),
        _constants(
            "ARRAY_NUMBERS",
            _INFO + 0x14,
            "What weights and sums are written in.",
            ("packing", 8, packing, f"Of weights. {packings}."),
            ("accumulator_bits", 8, array.result_bits, "Of a sum; in memory it has 32."),
        ),
        _constants(
            "ARRAY_MAX_K",
            _INFO + 0x18,
            "How long a product may be.",
            ("value", 32, array.longest_k, "Longest K whose sums surely fit."),
        ),
        _constants(
            "BUS",
            _INFO + 0x1C,
            "The masters.",
            ("word_bytes", 8, bus.word_bytes, "Of a transfer; addresses are multiples of it."),
            ("weight_ports", 8, bus.weight_ports, "Masters that read weights."),
            ("address_bits", 8, bus.address_bits, "Of an address."),
        ),
        _constants(
            "LIST_SIZE",
            _INFO + 0x20,
            "The list of phases.",
            ("entries", 16, bus.list_entries, "Phases that one start can run."),
        ),
        _constants(
            "MEMORY_BYTES",
            _INFO + 0x24,
            "The memory on the chip.",
            ("value", 32, memory, "Its size from address 0 on; 0: the masters use the system's."),
        ),
        _constants(
            "RESULTS",
            _INFO + 0x28,
            "What can be done with sums on their way to memory.",
            ("digits", 8, 1 if results is None else results.digits, "Most digits of a row."),
            (
                "code_beats",
                24,
                0 if results is None else results.code_beats,
                "Result beats of a block of codes; 0: no codes.",
            ),
        ),
    ]


def _control(bus: Axi4BusSpec) -> list[Register]:
    count_bits = bus.list_entries.bit_length()
    return [
        Register(
            "CONTROL",
            _CONTROL,
            (Field("start", 0, 1, "wo", "1: runs the first COUNT entries of the list."),),
            "Starts. While a list runs, or with a COUNT of 0 or beyond the list's places, nothing "
            "begins and INTERRUPT_STATUS.refused is set.",
        ),
        Register(
            "STATUS",
            _CONTROL + 0x04,
            (
                Field("busy", 0, 1, "ro", "A list runs."),
                Field("done", 1, 1, "ro", "A list has ended, and none has begun since."),
                Field(
                    "errors",
                    16,
                    bus.weight_ports + 2,
                    "ro",
                    "A response of this list was not OKAY: bit p for weight port p, then "
                    "activations, then results.",
                ),
            ),
            "What became of the start.",
        ),
        Register(
            "COUNT",
            _CONTROL + 0x08,
            (Field("value", 0, count_bits, "rw", "At least 1."),),
            "Entries that the next start runs.",
        ),
    ]


_CAUSES = (
    ("done", "A list has ended."),
    ("error", "A response was not OKAY; STATUS.errors says at which port."),
    ("refused", "A start, or a word for a list place that there is not, changed nothing."),
)


def _interrupts() -> list[Register]:
    return [
        Register(
            "INTERRUPT_ENABLE",
            _INTERRUPT,
            tuple(Field(name, i, 1, "rw", what) for i, (name, what) in enumerate(_CAUSES)),
            "What raises the interrupt: it is 1 as long as a bit of it and of INTERRUPT_STATUS is.",
        ),
        Register(
            "INTERRUPT_STATUS",
            _INTERRUPT + 0x04,
            tuple(Field(name, i, 1, "w1c", what) for i, (name, what) in enumerate(_CAUSES)),
            "What has happened since it was cleared, enabled or not. What happens in the cycle of "
            "the clearing stays.",
        ),
    ]


def _list(bus: Axi4BusSpec) -> list[Register]:
    return [
        Register(
            "LIST_INDEX",
            _LIST,
            (Field("value", 0, bus.list_entries.bit_length(), "rw", "From 0 on.", steps=True),),
            "The place that ENTRY registers write. Writing the last of them makes it one more, so "
            "that a list is written by writing all of them again and again.",
        )
    ]


# The words of an entry: name, and the fields of `spec.link.axi4.ListEntry` with bits and meaning.
_ENTRY_WORDS: tuple[tuple[str, tuple[tuple[str, int, str], ...]], ...] = (
    (
        "ENTRY_TILES",
        (
            ("row_tiles", 16, "ceil(N / columns)."),
            ("k_beats", 16, "ceil(K / lanes)."),
        ),
    ),
    (
        "ENTRY_GROUPS",
        (
            ("groups", 16, "ceil(M / slices)."),
            ("passes", 16, "ceil(groups / hold), passes over the matrix."),
        ),
    ),
    ("ENTRY_WEIGHTS_ADDRESS_LOW", (("value", 32, "Bits 31 to 0 of weight port 0's address."),)),
    ("ENTRY_WEIGHTS_ADDRESS_HIGH", (("value", 32, "Bits 63 to 32."),)),
    ("ENTRY_WEIGHTS_STRIDE", (("value", 32, "Bytes from a weight port's address to the next."),)),
    ("ENTRY_WEIGHTS_WORDS", (("value", 32, "Of one port, in one pass."),)),
    ("ENTRY_ACTIVATIONS_ADDRESS_LOW", (("value", 32, "Bits 31 to 0."),)),
    ("ENTRY_ACTIVATIONS_ADDRESS_HIGH", (("value", 32, "Bits 63 to 32."),)),
    ("ENTRY_ACTIVATIONS_WORDS", (("value", 32, "Of the phase."),)),
    ("ENTRY_RESULTS_ADDRESS_LOW", (("value", 32, "Bits 31 to 0."),)),
    ("ENTRY_RESULTS_ADDRESS_HIGH", (("value", 32, "Bits 63 to 32."),)),
    ("ENTRY_RESULTS_WORDS", (("value", 32, "Of the phase."),)),
    (
        "ENTRY_RESULTS_FORM",
        (
            ("digits", 16, "Row tiles that are added up to one; 0 and 1: none."),
            ("codes", 16, "1: int8 codes in place of sums."),
        ),
    ),
)
ENTRY_REGISTERS = tuple(name for name, _ in _ENTRY_WORDS)


def _entry() -> list[Register]:
    registers = []
    for index, (name, parts) in enumerate(_ENTRY_WORDS):
        low = 0
        made = []
        for part, bits, what in parts:
            made.append(Field(part, low, bits, "wo", what))
            low += bits
        what = f"Word {index} of the entry at LIST_INDEX; written as a whole."
        registers.append(Register(name, _ENTRY + REGISTER_BYTES * index, tuple(made), what))
    return registers


_COUNTERS_WHAT = {
    "list_cycles": "Cycles of the list.",
    "activation_words": "Words of activations read.",
    "result_words": "Words of results written.",
}


def _counters(bus: Axi4BusSpec) -> list[Register]:
    array = {f"array_{field.name}": _ARRAY_WHAT[field.name] for field in fields(ArrayCounts)}
    ports = {
        f"weight_words_{p}": f"Words read by weight port {p}." for p in range(bus.weight_ports)
    }
    offset = _COUNTERS
    registers = []
    for name, what in (_COUNTERS_WHAT | array).items():
        registers += _counter(name, offset, what)
        offset += 2 * REGISTER_BYTES
    assert offset <= _PORT_COUNTERS
    for port, (name, what) in enumerate(ports.items()):
        registers += _counter(name, _PORT_COUNTERS + 2 * REGISTER_BYTES * port, what)
    return registers


_ARRAY_WHAT = {
    "cycles": "Cycles of the array in a phase.",
    "busy": "Steps issued.",
    "wait_weights": "Cycles without a step for want of weights.",
    "wait_activations": "Cycles without a step for want of activations.",
    "wait_results": "Cycles without a step for want of a place for results.",
    "drain": "Cycles behind the last step of a phase.",
    "adds": "Products with weight 1 and an activation that is not 0.",
    "subtracts": "The same with weight -1.",
    "skips": "All other products.",
}


def _counter(name: str, offset: int, what: str) -> list[Register]:
    low, high = f"{name.upper()}_LOW", f"{name.upper()}_HIGH"
    high_bits = _COUNTER_BITS - REGISTER_BITS
    return [
        Register(
            low,
            offset,
            (Field("value", 0, REGISTER_BITS, "ro", "Bits 31 to 0."),),
            f"{what} Reading it keeps the upper bits of the same cycle for {high}.",
        ),
        Register(
            high,
            offset + REGISTER_BYTES,
            (Field("value", 0, high_bits, "ro", "Bits 47 to 32."),),
            f"Read behind {low}, with no other counter between.",
            latched_by=low,
        ),
    ]


def entry_words(entry: ListEntry) -> list[int]:
    """What the `ENTRY_REGISTERS` are written with, in their order."""
    packed = struct.pack("<HHHHQIIQIQIHH", *astuple(entry))
    return list(struct.unpack(f"<{len(ENTRY_REGISTERS)}I", packed))

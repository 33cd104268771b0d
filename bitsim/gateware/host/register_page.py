"""The registers of an accelerator as a page for people."""

from __future__ import annotations

from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.registers.map import ENTRY_REGISTERS, VERSION_MAJOR, VERSION_MINOR, register_map
from bitsim.spec.registers.register import WINDOW_BYTES, Field, Register

_INTRODUCTION = f"""\
Version {VERSION_MAJOR}.{VERSION_MINOR}. Registers have 32 bits and lie at multiples of 4 bytes in
a window of {WINDOW_BYTES} bytes, low byte first. Offsets are the same for all accelerators; the
values and the number of weight ports here are those of `NAME`.

| access | |
|---|---|
| ro | read only; a write changes nothing |
| rw | read and written, each byte by itself |
| wo | written only, all bytes of its fields at once; reads as 0 |
| w1c | writing 1 clears the bit, writing 0 leaves it |

Bits that no field has read as 0. After reset everything that is held is 0.

Over AXI4-Lite an offset without a register, and a write to some of the bytes of a wo register, are
answered with SLVERR and change nothing. One read and one write may be under way at a time. The two
lowest bits of an address are not looked at. There is no reset by register: masters that are stopped
between the words of a burst would leave the bus in disorder, so a list that never ends needs `rst`.
"""

_USE = """\
## A list, step by step

1. Read MAGIC, VERSION and, if the driver was made for one machine, DIGEST.
2. Write 0 to LIST_INDEX, then for each phase the ENTRY registers in order (docs/top.md says
   what a phase is, and how its images lie in memory). A list that runs must not be written; places
   behind its entries may.
3. Write the number of phases to COUNT, 7 to INTERRUPT_STATUS, 1 to CONTROL.
4. Wait for STATUS.done or for the interrupt (INTERRUPT_ENABLE.done), and look at STATUS.errors.

A counter has 48 bits in two registers. Reading the low one keeps the upper bits of the same cycle
until the next low one is read, so that the two belong together however long the host takes.
Counters of different names belong together when no list runs. They become 0 with the start, and
keep their values until the next.
"""


def register_page(accelerator: AcceleratorSpec) -> str:
    """Markdown of docs/registers.md, for this accelerator."""
    registers = register_map(accelerator)
    entries = [each for each in registers if each.name in ENTRY_REGISTERS]
    counters = [each for each in registers if _is_counter(each)]
    others = [each for each in registers if each not in entries and each not in counters]
    return "\n".join(
        [
            "# Registers",
            "",
            f"Written by `bitsim rtl emit --accelerator {accelerator.name} --registers FILE`;",
            "the C header (`--header FILE`), the hardware and the driver come from the same",
            "description.",
            "",
            _INTRODUCTION.replace("NAME", accelerator.name),
            _USE,
            "## Identification, control, interrupts",
            "",
            "| offset | register | bits | field | access | value | |",
            "|---|---|---|---|---|---|---|",
            *(row for register in others for row in _rows(register)),
            "",
            "## The entry at LIST_INDEX",
            "",
            "All wo. Words are those of the bus.",
            "",
            "| offset | register | bits | field | |",
            "|---|---|---|---|---|",
            *(
                f"| {register.offset:#05x} | {register.name} | {_bits(field)} | "
                f"{_name(field)} | {field.what} |"
                for register in entries
                for field in register.fields
            ),
            "",
            "## Counters",
            "",
            "All ro; the upper 16 bits are at offset + 4, in `..._HIGH`.",
            "",
            "| offset | register | |",
            "|---|---|---|",
            *(
                f"| {register.offset:#05x} | {register.name} | {register.what.split('. ')[0]}. |"
                for register in counters
                if register.latched_by is None
            ),
            "",
        ]
    )


def _is_counter(register: Register) -> bool:
    return register.fields[0].access == "ro" and register.name.endswith(("_LOW", "_HIGH"))


def _rows(register: Register) -> list[str]:
    head = f"| {register.offset:#05x} | {register.name} | | | | | {register.what} |"
    return [
        head,
        *(
            f"| | | {_bits(field)} | {_name(field)} | {field.access} | {_value(field)} | "
            f"{field.what} |"
            for field in register.fields
        ),
    ]


def _bits(field: Field) -> str:
    high = field.low + field.bits - 1
    return str(high) if field.bits == 1 else f"{high}:{field.low}"


def _name(field: Field) -> str:
    return "" if field.name == "value" else field.name


def _value(field: Field) -> str:
    if field.constant is None:
        return ""
    return f"{field.constant:#x}" if field.constant > 1 << 20 else str(field.constant)

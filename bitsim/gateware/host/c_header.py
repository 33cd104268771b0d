"""The registers of an accelerator for a C program."""

from __future__ import annotations

from importlib.metadata import version

from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.registers.map import register_map
from bitsim.spec.registers.register import WINDOW_BYTES, Field, Register

GUARD = "BITSIM_REGISTERS_H"


def c_header(accelerator: AcceleratorSpec) -> str:
    """Offsets, masks and shifts as macros; `..._VALUE` where a field always has the same value.

    The names are the same for all accelerators. C99 without any include.
    """
    registers = register_map(accelerator)
    lines = [
        f"/* Registers of {accelerator.name}, written by bitsim {version('bitsim')}",
        " * (`bitsim rtl emit --header`; do not edit). docs/registers.md describes them. */",
        f"#ifndef {GUARD}",
        f"#define {GUARD}",
        "",
        "/* Address space that they take, in bytes. */",
        f"#define BITSIM_WINDOW_BYTES {WINDOW_BYTES:#x}u",
    ]
    for register in registers:
        lines += ["", f"/* {register.what} */"]
        lines += [f"#define {name} {value:#x}u" for name, value in _macros(register).items()]
    return "\n".join([*lines, "", f"#endif /* {GUARD} */", ""])


def c_constants(accelerator: AcceleratorSpec) -> dict[str, int]:
    """All macros of the header."""
    return {"BITSIM_WINDOW_BYTES": WINDOW_BYTES} | {
        name: value
        for register in register_map(accelerator)
        for name, value in _macros(register).items()
    }


def _macros(register: Register) -> dict[str, int]:
    macros = {f"BITSIM_{register.name}_OFFSET": register.offset}
    for field in register.fields:
        stem = f"BITSIM_{_field_stem(register, field)}"
        macros |= {f"{stem}_MASK": field.mask, f"{stem}_SHIFT": field.low}
        if field.constant is not None:
            macros[f"{stem}_VALUE"] = field.constant
    return macros


def _field_stem(register: Register, field: Field) -> str:
    return register.name if field.name == "value" else f"{register.name}_{field.name.upper()}"

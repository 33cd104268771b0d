"""An accelerator's Verilog as a core of FuseSoC.

Source of the form: FuseSoC's CAPI2 reference (https://fusesoc.readthedocs.io, "CAPI=2:" first).
"""

from __future__ import annotations

from bitsim.spec.accelerator import AcceleratorSpec

# What a generator does and a person would not; tests/rtl/test_lint.py says why each is harmless.
LINT_WAIVED = (
    "CASEINCOMPLETE",
    "DECLFILENAME",
    "PROCASSINIT",
    "UNUSEDSIGNAL",
    "WIDTHEXPAND",
    "WIDTHTRUNC",
)


def fusesoc_core(machine: AcceleratorSpec, verilog_file: str, version: str) -> str:
    """Text of a .core file.

    verilog_file  beside it; a plain name
    version       three numbers, of what generated the Verilog
    """
    waived = "".join(f"        - -Wno-{kind}\n" for kind in LINT_WAIVED)
    return f"""\
CAPI=2:
name: "bitsim:accelerators:{machine.name}:{version}"
description: "Ternary accelerator {machine.name}, by bitsim rtl emit"

filesets:
  rtl:
    files:
      - "{verilog_file}"
    file_type: verilogSource

targets:
  default:
    filesets: [rtl]
    toplevel: {machine.name}
  lint:
    filesets: [rtl]
    toplevel: {machine.name}
    flow: lint
    flow_options:
      tool: verilator
      verilator_options:
        - -Wall
{waived}"""

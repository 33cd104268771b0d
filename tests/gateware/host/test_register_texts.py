"""C header and page of the registers: the one as a C compiler reads it, the other as committed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bitsim.cli import main
from bitsim.gateware.host.c_header import c_header
from bitsim.gateware.host.register_page import register_page
from bitsim.spec.catalog import load_accelerator
from bitsim.spec.registers.map import register_map
from bitsim.spec.registers.register import WINDOW_BYTES

MACHINE = "dot_16x40_axi"
PAGE = Path(__file__).resolve().parents[3] / "docs" / "registers.md"


def expected() -> dict[str, int]:
    """Every macro and its value, from the description."""
    found = {"BITSIM_WINDOW_BYTES": WINDOW_BYTES}
    for register in register_map(load_accelerator(MACHINE)):
        found[f"BITSIM_{register.name}_OFFSET"] = register.offset
        for field in register.fields:
            name = "" if field.name == "value" else f"_{field.name.upper()}"
            found[f"BITSIM_{register.name}{name}_MASK"] = (2**field.bits - 1) * 2**field.low
            found[f"BITSIM_{register.name}{name}_SHIFT"] = field.low
            if field.constant is not None:
                found[f"BITSIM_{register.name}{name}_VALUE"] = field.constant
    return found


def test_a_c_compiler_reads_the_header_without_a_warning_and_finds_every_constant(
    tmp_path: Path,
) -> None:
    compiler = shutil.which("gcc") or shutil.which("cc")
    assert compiler is not None
    (tmp_path / "registers.h").write_text(c_header(load_accelerator(MACHINE)))
    names = list(expected())
    prints = "\n".join(f'    printf("{name} %lu\\n", (unsigned long){name});' for name in names)
    (tmp_path / "print.c").write_text(
        '#include "registers.h"\n#include "registers.h"\n#include <stdio.h>\n'
        "#if BITSIM_MAGIC_VALUE != 0x4d535442u\n#error\n#endif\n"
        f"int main(void)\n{{\n{prints}\n    return 0;\n}}\n"
    )
    flags = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([compiler, *flags, "-o", "print", "print.c"], cwd=tmp_path, check=True)
    ran = subprocess.run([tmp_path / "print"], capture_output=True, text=True, check=True)
    found = {name: int(value) for name, value in map(str.split, ran.stdout.splitlines())}
    assert found == expected()


def test_the_header_defines_nothing_else() -> None:
    defined = re.findall(r"^#define (\w+) ", c_header(load_accelerator(MACHINE)), re.MULTILINE)
    assert sorted(defined) == sorted(expected())


def test_the_committed_page_is_what_emit_writes() -> None:
    assert PAGE.read_text() == register_page(load_accelerator(MACHINE)), (
        f"docs/registers.md is out of date: bitsim rtl emit --accelerator {MACHINE} "
        f"--out rtl/{MACHINE}.v --registers docs/registers.md"
    )


def test_every_register_and_field_is_on_the_page() -> None:
    lines = PAGE.read_text().splitlines()
    for register in register_map(load_accelerator(MACHINE)):
        if register.latched_by is not None:
            continue
        assert any(f"{register.offset:#05x} | {register.name} |" in line for line in lines)
        for field in register.fields:
            assert field.name == "value" or any(f" {field.name} |" in line for line in lines)


@pytest.mark.parametrize("option", ["--header", "--registers"])
def test_emit_writes_them_to_files_and_refuses_a_machine_without_registers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    path = tmp_path / "made"
    assert main(["rtl", "emit", "--accelerator", "dot_16x40", option, str(path)]) == 2
    caught = capsys.readouterr()
    assert caught.err.count("\n") == 1
    assert "dot_16x40 has no [host]" in caught.err
    assert caught.out == ""
    assert not path.exists()

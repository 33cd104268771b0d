"""Everything that is cached or resumed is known by all the code that decides it."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import bitsim
from bitsim.digest import Sources, foreign
from bitsim.sweeps import load_sweep

PACKAGE = Path(bitsim.__file__).parent

# What is kept, by the modules whose code it is known by; and files that do not decide it.
KEPT = {
    "bench of arrays": ("bitsim.verilated.arrays.replay", ["bitsim/system/machine.py"]),
    "bench of lists": ("bitsim.verilated.lists.replay", ["bitsim/reference/network/head.py"]),
    "accelerator as a process": ("bitsim.verilated.lists.process", ["bitsim/cost/quote.py"]),
    "board as a process": ("bitsim.verilated.serial.process", ["bitsim/report/table.py"]),
    "row of a sweep": ("bitsim.sweeps.evaluate", ["bitsim/gateware/top.py"]),
    "journal of rtl check": ("bitsim.agreement.tokens.whole", ["bitsim/cost/quote.py"]),
    "journal of fpga host": ("bitsim.fpga.host.run", ["bitsim/report/table.py"]),
}
# What is computed to make one of each, and to which module it belongs.
PROGRAMS = {
    "bitsim.verilated.arrays.replay": """
from bitsim.verilated import verilator
from bitsim.verilated.arrays.replay import build_bench
verilator._run = verilator._compile = lambda *_: None
verilator.shutil.copy = lambda *_: None
build_bench([pickle.loads(sys.stdin.buffer.read()).array], work)
""",
    "bitsim.verilated.serial.process": """
from bitsim.verilated import verilator
from bitsim.verilated.serial.process import build_serial_process
verilator._run = verilator._compile = lambda *_: None
verilator.shutil.copy = lambda *_: None
build_serial_process(pickle.loads(sys.stdin.buffer.read()), work)
""",
    "bitsim.sweeps.evaluate": """
from bitsim.sweeps.evaluate import evaluate
evaluate(pickle.loads(sys.stdin.buffer.read()), 0)
""",
}
AUDITED = """
import pickle
import sys
opened = set()
sys.addaudithook(lambda event, args: opened.add(str(args[0])) if event == "open" else None)
from pathlib import Path
work = Path(sys.argv[1])
{}
for name in sorted(sys.modules):
    if name.partition(".")[0] == "bitsim":
        print("module", sys.modules[name].__file__)
for name in sorted(opened):
    print("opened", name)
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of the package."""
    home = tmp_path_factory.mktemp("copy")
    shutil.copytree(PACKAGE, home / "bitsim", ignore=shutil.ignore_patterns("__pycache__"))
    return home


class Edited(Sources):
    """The package, with the code of one file edited."""

    edited = ""

    def code_of(self, file: str) -> str:
        """See `Sources`."""
        return "edited" if file == self.edited else super().code_of(file)


@pytest.mark.parametrize("kept", KEPT)
def test_an_edit_of_any_file_that_decides_is_seen(kept: str) -> None:
    module, others = KEPT[kept]
    sources = Edited(PACKAGE.parent)
    files, _ = sources.walk(module)
    assert len(files) > 50
    assert not set(others) & set(files)
    before = sources.digest(module)
    for name in (*files, *others):
        sources.edited = name
        assert (sources.digest(module) != before) == (name in files), name


def test_comments_in_all_files_are_not_seen(copy: Path) -> None:
    modules = [module for module, _ in KEPT.values()]
    time.sleep(0.01)  # a clock tick of the file system
    sources = Sources(copy)
    before = [sources.digest(module) for module in modules]
    for path in copy.rglob("*.py"):
        path.write_text(f"# a comment\n{path.read_text()}")
    time.sleep(0.01)
    sources = Sources(copy)
    assert [sources.digest(module) for module in modules] == before


SPECS = {
    "bitsim.verilated.arrays.replay": lambda: bitsim.load_accelerator("dot_2x8_hx8k"),
    "bitsim.verilated.serial.process": lambda: bitsim.load_accelerator("dot_2x10_serial"),
    "bitsim.sweeps.evaluate": lambda: load_sweep("decode_2b"),
}


@pytest.mark.parametrize("module", PROGRAMS)
def test_nothing_else_is_read_to_make_it(tmp_path: Path, module: str) -> None:
    """By what Python itself loads and opens, whatever the walk has found.

    Data files are in the inputs of a bench, or in the specs that a row's key is made of.
    """
    program = AUDITED.format(PROGRAMS[module])
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        input=pickle.dumps(SPECS[module]()),
        capture_output=True,
        check=True,
    )
    lines = [line.split(" ", 1) for line in ran.stdout.decode().splitlines()]
    loaded = {str(Path(name).relative_to(PACKAGE.parent)) for kind, name in lines if kind[0] == "m"}
    walked, _ = Sources(PACKAGE.parent).walk(module)
    assert loaded - set(walked) == set()
    opened = [Path(name) for kind, name in lines if kind[0] == "o"]
    data = {
        str(path.relative_to(PACKAGE.parent))
        for path in opened
        if path.is_relative_to(PACKAGE.parent)
        and path.suffix not in (".py", ".pyc")
        and not {".venv", "__pycache__"} & set(path.parts)
    }
    allowed = ("models/", "rtl/bench/")
    assert {name for name in data if not name.startswith(allowed)} == set()


def test_an_inverted_lane_is_another_bench(copy: Path) -> None:
    """It was not: `rtl check` agreed with Verilog that was no longer generated."""
    lanes = copy / "bitsim" / "gateware" / "lanes" / "generic.py"
    text = lanes.read_text()
    assert "& lane.nonzero" in text
    time.sleep(0.01)
    before = Sources(copy).digest("bitsim.verilated.arrays.replay")
    lanes.write_text(text.replace("& lane.nonzero", "& ~lane.nonzero"))
    time.sleep(0.01)
    assert Sources(copy).digest("bitsim.verilated.arrays.replay") != before
    lanes.write_text(text)


@pytest.mark.full
def test_an_inverted_lane_does_not_agree_in_the_same_work_folder(tmp_path: Path) -> None:
    """`rtl check` itself, with Verilator."""
    home = tmp_path / "copy"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("bitsim", "models", "rtl"):
        shutil.copytree(PACKAGE.parent / name, home / name, ignore=ignored)
    command = [sys.executable, "-c", "from bitsim.cli import main; raise SystemExit(main())"]
    command += ["rtl", "check", "--accelerator", "dot_2x8_hx8k", "--work", str(tmp_path / "work")]
    sound = subprocess.run(command, cwd=home, capture_output=True, text=True)
    assert sound.returncode == 0, sound.stderr
    lanes = home / "bitsim" / "gateware" / "lanes" / "generic.py"
    lanes.write_text(lanes.read_text().replace("& lane.nonzero", "& ~lane.nonzero"))
    inverted = subprocess.run(command, cwd=home, capture_output=True, text=True)
    assert inverted.returncode == 1, inverted.stderr
    assert "agree: NO" in inverted.stdout


class Foreign:
    """A part of another package."""


def test_a_part_of_another_package_is_known_to_its_own_process_alone() -> None:
    machine = bitsim.load_accelerator("dot_2x10_serial")
    assert foreign(machine, machine.array, machine.host, machine.bus, None, 5.0) == ""
    program = "from bitsim.digest import foreign\nclass A: pass\nprint(foreign(A()))"
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert foreign(machine.array, Foreign()) == foreign(Foreign()) != other.stdout.strip()
    assert len(foreign(Foreign())) == len(other.stdout.strip()) == 64

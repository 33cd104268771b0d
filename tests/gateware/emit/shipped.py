"""The digest of the Verilog of each shipped accelerator: `python tests/gateware/emit/shipped.py`.

Writes `shipped.sha256` beside this file, as sha256sum does. An accelerator with a board is there
twice, by itself and within the top level of the board.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path

from bitsim.fpga.build import build
from bitsim.gateware.emit.verilog import emit
from bitsim.spec.catalog import load_accelerator, load_board

MODELS = Path(__file__).resolve().parents[3] / "models"
RECORD = Path(__file__).with_name("shipped.sha256")


def shipped() -> dict[str, Callable[[], str]]:
    """What makes each text, by the name of the file that it would be."""
    texts: dict[str, Callable[[], str]] = {}
    for path in sorted((MODELS / "accelerators").glob("*.toml")):
        texts[f"{path.stem}.v"] = partial(emit, load_accelerator(path.stem))
    for path in sorted((MODELS / "boards").glob("*.toml")):
        board = load_board(path.stem)
        machine = load_accelerator(board.accelerator)
        texts[f"{path.stem}.v"] = partial(build.verilog, machine, board)
    return texts


def digest(text: str) -> str:
    """As sha256sum prints it."""
    return sha256(text.encode()).hexdigest()


def recorded() -> dict[str, str]:
    """By name, as it was when it was recorded."""
    lines = [line.split() for line in RECORD.read_text().splitlines()]
    return {name: value for value, name in lines}


if __name__ == "__main__":
    RECORD.write_text("".join(f"{digest(make())}  {name}\n" for name, make in shipped().items()))

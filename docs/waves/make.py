"""Draws docs/waves/*.svg from simulations of the gateware: `python docs/waves/make.py [FOLDER]`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from array_scene import array_wave
from axi_scenes import host_wave, read_wave, write_wave
from draw import Wave, svg
from serial_scene import serial_wave

WAVES: dict[str, Callable[[], Wave]] = {
    "array.svg": array_wave,
    "read_master.svg": read_wave,
    "write_master.svg": write_wave,
    "registers.svg": host_wave,
    "serial_frame.svg": serial_wave,
}

if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent
    for name, wave in WAVES.items():
        (folder / name).write_text(svg(wave()))

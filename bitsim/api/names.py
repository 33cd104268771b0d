"""What can be named without a path."""

from __future__ import annotations

from bitsim.spec import catalog


def list_accelerators() -> list[str]:
    """Machines of models/accelerators."""
    return catalog.names("accelerators")


def list_boards() -> list[str]:
    """FPGA boards of models/boards."""
    return catalog.names("boards")


def list_checkpoints() -> list[str]:
    """Published checkpoints that `bitsim checkpoint fetch` knows."""
    return catalog.names("checkpoints")


def list_networks() -> list[str]:
    """Networks of models/networks: shapes, and checkpoints with their weights."""
    return catalog.names("networks")


def list_sweeps() -> list[str]:
    """Sweeps of models/sweeps."""
    return catalog.names("sweeps")


def list_technologies() -> list[str]:
    """Technologies of models/technologies."""
    return catalog.names("technologies")

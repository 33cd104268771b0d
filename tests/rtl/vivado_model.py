"""As much of Vivado's block designs as `rtl/vivado` uses.

Refused is what Vivado would refuse: names that there are not, two drivers, unequal widths, inputs
without a driver, masters without memory, addresses that meet or lead nowhere. Written from AMD's
guides UG835 (Tcl commands), UG994 (IP Integrator) and UG1085 (addresses), not from the scripts.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.rtl.vivado_cells import DEFAULTS, Cell, Interface, Module, Pin, VivadoError

GIB = 1 << 30


@dataclass
class Segment:
    """A piece of a master's address space."""

    space: str
    slave: str
    offset: int
    range: int


class Design:
    """A block design as it is being made, and what the project was told."""

    def __init__(self) -> None:
        self.cells: dict[str, Cell] = {}
        self.nets: list[list[str]] = []
        self.segments: list[Segment] = []
        self.excluded: set[tuple[str, str]] = set()
        self.validated = False

    # Names

    def cell(self, name: str) -> Cell:
        if name not in self.cells:
            raise VivadoError(f"no cell {name}")
        return self.cells[name]

    def pin(self, path: str) -> Pin:
        cell, _, name = path.partition("/")
        pins = self.cell(cell).pins()
        if name not in pins:
            raise VivadoError(f"no pin {path}")
        return pins[name]

    def interface(self, path: str) -> Interface:
        cell, _, name = path.partition("/")
        found = self.cell(cell).interfaces()
        if name not in found:
            raise VivadoError(f"no interface {path}")
        return found[name]

    # Making

    def create(self, kind: str, name: str, module: Module | None = None) -> None:
        if name in self.cells:
            raise VivadoError(f"there is a cell {name}")
        if module is None and kind not in DEFAULTS:
            raise VivadoError(f"IP that is not modelled: {kind}")
        self.cells[name] = Cell(name, kind, dict(DEFAULTS.get(kind, {})), module)

    def configure(self, name: str, settings: dict[str, str]) -> None:
        cell = self.cell(name)
        for key, value in settings.items():
            short = key.removeprefix("CONFIG.")
            if short == key or short not in cell.settings:
                raise VivadoError(f"{name} has no setting {key}")
            cell.settings[short] = float(value)

    def connect(self, paths: list[str]) -> None:
        """One net of these pins, joined with those that they are on already."""
        joined = set(paths)
        for net in [net for net in self.nets if joined & set(net)]:
            joined |= set(net)
            self.nets.remove(net)
        self.nets.append(sorted(joined))
        drivers = [path for path in joined if self.pin(path).output]
        if len(drivers) != 1:
            raise VivadoError(f"a net with drivers {drivers}: {sorted(joined)}")
        for path in joined:
            pin, driver = self.pin(path), self.pin(drivers[0])
            # An interrupt input takes as many bits as it is given, up to its own.
            fits = driver.width <= pin.width if "irq" in pin.name else driver.width == pin.width
            if not fits:
                raise VivadoError(f"{drivers[0]} has {driver.width} bits, {path} {pin.width}")
            pin.net = drivers[0]

    def connect_interfaces(self, first: str, second: str) -> None:
        one, two = self.interface(first), self.interface(second)
        if one.master == two.master:
            raise VivadoError(
                f"{first} and {second} are both {'masters' if one.master else 'slaves'}"
            )
        if one.other or two.other:
            raise VivadoError(f"{first} or {second} is connected already")
        one.other, two.other = two, one

    # Addresses

    def slave_segments(self, space: str) -> dict[str, tuple[int, int, bool]]:
        """Of an address space: the segments behind it, their place, and whether it may move."""
        start = self.interface("ps/M_AXI_HPM0_FPD" if space == "ps/Data" else space)
        found: dict[str, tuple[int, int, bool]] = {}
        waiting = [start]
        while waiting:
            slave = waiting.pop().other
            if slave is None:
                continue
            owner = next(c for c in self.cells.values() if slave in c.interfaces().values())
            if owner.kind == "smartconnect":
                waiting += [each for each in owner.interfaces().values() if each.master]
            elif owner.kind == "zynq_ultra_ps_e":
                n = int(slave.name[len("S_AXI_HP")])
                stem = f"{owner.name}/SAXIGP{n + 2}/HP{n}"
                found[f"{stem}_DDR_LOW"] = (0, 2 * GIB, False)
                found[f"{stem}_DDR_HIGH"] = (32 * GIB, 32 * GIB, False)
                found[f"{stem}_QSPI"] = (0xC0000000, GIB // 2, False)
                found[f"{stem}_LPS_OCM"] = (0xFF000000, 1 << 24, False)
            else:
                found[f"{owner.name}/{slave.name}/reg0"] = (0, 1 << slave.address_bits, True)
        return found

    def assign(self, space: str, slave: str, offset: int, size: int) -> None:
        behind = self.slave_segments(space)
        if slave not in behind:
            raise VivadoError(f"{space} does not reach {slave}")
        first, most, moves = behind[slave]
        bits = 40 if space == "ps/Data" else self.interface(space).address_bits
        if size & (size - 1) or size > most or offset % size or offset + size > 1 << bits:
            raise VivadoError(f"{slave}: {size:#x} bytes at {offset:#x} of {space}")
        if not moves and not first <= offset <= first + most - size:
            raise VivadoError(f"{slave} is not at {offset:#x}")
        window = (0xA0000000, 0xB0000000)  # of M_AXI_HPM0_FPD (UG1085, table 10-1)
        if space == "ps/Data" and not window[0] <= offset <= window[1] - size:
            raise VivadoError(f"{offset:#x} is not behind M_AXI_HPM0_FPD")
        for each in self.segments:
            meets = each.offset < offset + size and offset < each.offset + each.range
            if each.space == space and meets:
                raise VivadoError(f"{slave} and {each.slave} meet at {offset:#x} of {space}")
        self.segments.append(Segment(space, slave, offset, size))

    def exclude(self, space: str, slave: str) -> None:
        if slave not in self.slave_segments(space):
            raise VivadoError(f"{space} does not reach {slave}")
        self.excluded.add((space, slave))

    # The end

    def validate(self) -> None:
        for cell in self.cells.values():
            for pin in cell.pins().values():
                if not pin.output and not pin.optional and pin.net is None:
                    raise VivadoError(f"{cell.name}/{pin.name} has no driver")
            for each in cell.interfaces().values():
                if each.other is None:
                    raise VivadoError(f"{cell.name}/{each.name} is not connected")
                clock = cell.pins()[each.clock].net
                owner = next(
                    c for c in self.cells.values() if each.other in c.interfaces().values()
                )
                if owner.pins()[each.other.clock].net != clock:
                    raise VivadoError(f"{cell.name}/{each.name} changes its clock")
        for space in self.spaces():
            assigned = {each.slave for each in self.segments if each.space == space}
            left = {
                slave
                for slave, (first, _, _) in self.slave_segments(space).items()
                if slave not in assigned
                and (space, slave) not in self.excluded
                and (space == "ps/Data" or first < 1 << self.interface(space).address_bits)
            }
            if left:
                raise VivadoError(f"{space}: no address for {sorted(left)}")
            if not assigned:
                raise VivadoError(f"{space} reaches nothing")
        self.validated = True

    def spaces(self) -> list[str]:
        """Address spaces: of the processors, and of each master of a module."""
        found = ["ps/Data"]
        for cell in self.cells.values():
            if cell.module is not None:
                found += [
                    f"{cell.name}/{n}" for n, each in cell.interfaces().items() if each.master
                ]
        return found

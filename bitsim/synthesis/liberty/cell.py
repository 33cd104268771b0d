"""Cells of a Liberty file as far as simulation and power have to know them."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass

from bitsim.errors import BitsimError
from bitsim.synthesis.liberty.boolean import Expression, parse
from bitsim.synthesis.liberty.group import Group, as_number, read_body
from bitsim.synthesis.liberty.library import cell_bodies
from bitsim.synthesis.liberty.table import Axes, Table, read_table

_FEMTO = {"ff": 1.0, "pf": 1e3, "nf": 1e6}
_PICO = {"1ps": 1.0, "10ps": 10.0, "100ps": 100.0, "1ns": 1e3}
_VOLTS = {"1V": 1.0, "100mV": 0.1, "10mV": 0.01, "1mV": 0.001}
_WATTS = {"1pW": 1e-12, "10pW": 1e-11, "100pW": 1e-10, "1nW": 1e-9, "10nW": 1e-8, "100nW": 1e-7,
          "1uW": 1e-6, "10uW": 1e-5, "100uW": 1e-4, "1mW": 1e-3, "1W": 1.0}  # fmt: skip


@dataclass(frozen=True)
class Arc:
    """How fast an output's edge is.

    sense  "positive", "negative" or "both": what edge of the input causes what edge of the output
    """

    related: str
    sense: str
    rise: Table | None
    fall: Table | None


@dataclass(frozen=True)
class PinEnergy:
    """Energy inside the cell at an edge of a pin, fJ.

    related  the input that caused it, for an output
    when     the state of the other pins in which it holds; None: any
    """

    related: str | None
    when: Expression | None
    rise: Table | None
    fall: Table | None


@dataclass(frozen=True)
class Pin:
    """capacitance_ff is an input's; function an output's."""

    name: str
    output: bool
    capacitance_ff: float
    function: Expression | None
    arcs: tuple[Arc, ...]
    energies: tuple[PinEnergy, ...]


@dataclass(frozen=True)
class FlipFlop:
    """Rising edges of `clock` load `next_state` into a state that functions call `state`.

    inverse  what they call its complement
    forces   what sets or clears it without a clock
    """

    clock: str
    next_state: Expression
    state: str
    inverse: str
    forces: tuple[Expression, ...]


@dataclass(frozen=True)
class ClockGatePins:
    """`clock` goes on to `output` in cycles that `enable` is 1 in."""

    clock: str
    enable: Expression
    output: str


@dataclass(frozen=True)
class Leakage:
    """Watts, in the state `when`; None: any."""

    when: Expression | None
    watts: float


@dataclass(frozen=True)
class Cell:
    """A cell of a library; `volts` is its supply."""

    name: str
    area_um2: float
    volts: float
    pins: Mapping[str, Pin]
    flip_flop: FlipFlop | None
    clock_gate: ClockGatePins | None
    leakages: tuple[Leakage, ...]


def read_cells(texts: Iterable[str], wanted: Iterable[str]) -> dict[str, Cell]:
    """The wanted cells, from texts that `liberty.read_library` has accepted.

    Energies are fJ, capacitances fF, transitions ps, whatever the units of the files are.
    """
    left, found = set(wanted), {}
    for text in texts:
        library: _Units | None = None
        for name, _, start in cell_bodies(text):
            if name in left:
                library = library or _Units(text)
                found[name] = _cell(name, read_body(text, "cell", (name,), start), library)
                left.discard(name)
    assert not left, f"cells that no file has: {sorted(left)}"
    return found


class _Units:
    """What a library says before its first cell."""

    def __init__(self, text: str) -> None:
        head = text[: next(iter(cell_bodies(text)), ("", len(text), 0))[1]]
        library = read_body(head, "library", (), head.index("{") + 1)
        self.volts = library.number("nom_voltage")
        for conditions in library.of("operating_conditions"):
            if conditions.arguments[:1] == (library.simple.get("default_operating_conditions"),):
                self.volts = conditions.number("voltage", self.volts)
        if not self.volts > 0:
            raise BitsimError(
                "--liberty: no nom_voltage, which energy is computed from; add it to the library"
            )
        volt_unit = _unit(_VOLTS, library.simple.get("voltage_unit", "1V"), "voltage_unit")
        self.volts *= volt_unit
        load = library.complex.get("capacitive_load_unit", [("1", "pf")])[0]
        scale, name = load if len(load) == 2 else ("", "")
        self.femtofarad = _unit(_FEMTO, name.lower(), "capacitive_load_unit") * as_number(
            scale, "capacitive_load_unit"
        )
        self.femtojoule = self.femtofarad * volt_unit**2
        self.watt = _unit(
            _WATTS, library.simple.get("leakage_power_unit", "1nW"), "leakage_power_unit"
        )
        self.cell_leakage = library.number("default_cell_leakage_power")
        self.input_ff = library.number("default_input_pin_cap") * self.femtofarad
        self.axes = Axes(
            templates={
                each.arguments[0]: each
                for kind in ("lu_table_template", "power_lut_template")
                for each in library.of(kind)
                if each.arguments
            },
            picoseconds=_unit(_PICO, library.simple.get("time_unit", "1ns"), "time_unit"),
            femtofarads=self.femtofarad,
        )


def _unit(known: Mapping[str, float], text: str, name: str) -> float:
    found = known.get(text.replace(" ", ""))
    if found is None:
        raise BitsimError(
            f"--liberty: {name} = {text[:40]!r} is none of {', '.join(known)}; correct the file"
        )
    return found


def _cell(name: str, group: Group, library: _Units) -> Cell:
    grounds = {
        each.arguments[0]
        for each in group.of("pg_pin")
        if each.arguments and "ground" in each.simple.get("pg_type", "")
    }
    pins = {
        pin.name: pin
        for each in group.of("pin")
        for pin in [_pin(each, argument, library, grounds) for argument in each.arguments]
    }
    leakages = tuple(
        Leakage(_when(each), each.number("value") * library.watt)
        for each in group.of("leakage_power")
        if each.simple.get("related_pg_pin") not in grounds
    )
    if not leakages:
        watts = group.number("cell_leakage_power", library.cell_leakage) * library.watt
        leakages = (Leakage(None, watts),)
    return Cell(
        name=name,
        area_um2=group.number("area"),
        volts=library.volts,
        pins=pins,
        flip_flop=_flip_flop(name, group, pins),
        clock_gate=_clock_gate(group),
        leakages=leakages,
    )


def _pin(group: Group, name: str, library: _Units, grounds: set[str]) -> Pin:
    function = group.simple.get("function")
    own = group.number("capacitance", library.input_ff / library.femtofarad)
    return Pin(
        name=name,
        output=group.simple.get("direction") == "output",
        capacitance_ff=own * library.femtofarad,
        function=None if function is None else parse(function),
        arcs=tuple(_arcs(group, library)),
        energies=tuple(_energies(group, library, grounds)),
    )


def _arcs(group: Group, library: _Units) -> Iterator[Arc]:
    senses = {"positive_unate": "positive", "negative_unate": "negative"}
    for timing in group.of("timing"):
        rise = read_table(timing, "rise_transition", library.axes, library.axes.picoseconds)
        fall = read_table(timing, "fall_transition", library.axes, library.axes.picoseconds)
        if rise is None and fall is None:
            continue
        sense = senses.get(timing.simple.get("timing_sense", ""), "both")
        for related in timing.simple.get("related_pin", "").split():
            yield Arc(related, sense, rise, fall)


def _energies(group: Group, library: _Units, grounds: set[str]) -> Iterator[PinEnergy]:
    for each in group.of("internal_power"):
        if each.simple.get("related_pg_pin") in grounds:
            continue  # the charge that the supply's table has counted, on its way out
        both = read_table(each, "power", library.axes, library.femtojoule)
        rise = read_table(each, "rise_power", library.axes, library.femtojoule)
        fall = read_table(each, "fall_power", library.axes, library.femtojoule)
        related: list[str | None] = list(each.simple.get("related_pin", "").split())
        for pin in related or [None]:
            yield PinEnergy(pin, _when(each), rise or both, fall or both)


def _when(group: Group) -> Expression | None:
    text = group.simple.get("when", "").strip()
    return parse(text) if text else None


def _flip_flop(name: str, group: Group, pins: Container[str]) -> FlipFlop | None:
    for each in group.of("ff"):
        clock = parse(each.simple.get("clocked_on", ""))
        if clock.operator != "pin" or clock.name not in pins:
            raise BitsimError(f"--liberty: {name}: clocked_on is no plain pin; correct the file")
        state, inverse = (*each.arguments, "", "")[:2]
        return FlipFlop(
            clock=clock.name,
            next_state=parse(each.simple.get("next_state", "")),
            state=state,
            inverse=inverse,
            forces=tuple(
                parse(each.simple[kind]) for kind in ("clear", "preset") if kind in each.simple
            ),
        )
    return None


def _clock_gate(group: Group) -> ClockGatePins | None:
    if "clock_gating_integrated_cell" not in group.simple:
        return None
    roles = {
        role: pin.arguments[0]
        for pin in group.of("pin")
        if pin.arguments
        for role in ("clock", "enable", "test", "out")
        if pin.simple.get(f"clock_gate_{role}_pin") == "true"
    }
    if not {"clock", "enable", "out"} <= roles.keys():
        return None
    enables = [Expression("pin", name=roles[role]) for role in ("enable", "test") if role in roles]
    enable = enables[0] if len(enables) == 1 else Expression("or", tuple(enables))
    return ClockGatePins(roles["clock"], enable, roles["out"])

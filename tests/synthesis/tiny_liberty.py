"""A library small enough to compute with by hand, and with everything that one may have.

An output's edge comes after 10 ps + 1 ps for each fF and takes 10 ps + 2 ps for each fF. It costs
the energy at its cell's name in ENERGY_FJ, and more for each fF of load and each ps of its cause.
"""

from __future__ import annotations

from collections.abc import Mapping

CAPACITANCE_FF = 2.0  # of every input
VOLTS = 1.0
LOAD_FJ_PER_FF = 0.1
CAUSE_FJ_PER_PS = 0.01
ENERGY_FJ = {"INV": 1.0, "BUF": 1.5, "NAND": 2.0, "NOR": 2.5, "FLOP": 4.0}
SECOND_INPUT_FJ = 1.0  # more, if the second input was the cause
CLOCK_FJ = 3.0  # of a flip-flop's clock pin, for each edge
GATE_FJ = 5.0  # of a clock gate's, for each edge that comes out
LEAKAGE_NW = 0.5  # of every cell
AREAS = {
    "INV": 1.0, "BUF": 1.5, "NAND": 2.0, "NOR": 2.5, "TIE0": 0.5, "TIE1": 0.5, "FLOP": 7.0,
    "GATE": 6.0, "FLOPE": 12.0,
}  # fmt: skip

_HEAD = """
library (tiny) {
  delay_model : table_lookup;
  time_unit : "1ps"; voltage_unit : "1V"; leakage_power_unit : "1nW";
  capacitive_load_unit (1, ff); nom_voltage : 1.0;
  slew_lower_threshold_pct_rise : 20; slew_upper_threshold_pct_rise : 80;
  slew_lower_threshold_pct_fall : 20; slew_upper_threshold_pct_fall : 80;
  input_threshold_pct_rise : 50; input_threshold_pct_fall : 50;
  output_threshold_pct_rise : 50; output_threshold_pct_fall : 50;
  operating_conditions (typical) { process : 1; temperature : 25; voltage : 1.0; }
  default_operating_conditions : typical;
  lu_table_template (grid) { variable_1 : input_net_transition;
    variable_2 : total_output_net_capacitance; index_1 ("0, 100"); index_2 ("0, 100"); }
  power_lut_template (loads) { variable_1 : input_transition_time;
    variable_2 : total_output_net_capacitance; index_1 ("0, 100"); index_2 ("0, 100"); }
  power_lut_template (edges) { variable_1 : input_transition_time; index_1 ("0, 100"); }
"""


def _grid(kind: str, template: str, low: float, high: float, slow: float = 0.0) -> str:
    """A table that is `low` at no load, `high` at 100 fF, and `slow` more at 100 ps."""
    return f'{kind} ({template}) {{ values ("{low}, {high}", "{low + slow}, {high + slow}"); }}'


def _input(name: str, more: str = "") -> str:
    return (
        f"pin ({name}) {{ direction : input; capacitance : {CAPACITANCE_FF}; max_transition : 999; "
        f"{more} }}"
    )


def _delays(related: str, sense: str, kind: str = "") -> str:
    tables = "".join(
        _grid(f"cell_{edge}", "grid", 10, 110) + _grid(f"{edge}_transition", "grid", 10, 210)
        for edge in ("rise", "fall")
    )
    return f'timing () {{ related_pin : "{related}"; timing_sense : {sense}; {kind} {tables} }}'


def _energy(fj: float, related: str) -> str:
    tables = "".join(
        _grid(f"{edge}_power", "loads", fj, fj + 100 * LOAD_FJ_PER_FF, 100 * CAUSE_FJ_PER_PS)
        for edge in ("rise", "fall")
    )
    return f'internal_power () {{ related_pin : "{related}"; {tables} }}'


def pin_energy(fj: float, when: str = "") -> str:
    """What an input takes at each edge."""
    tables = "".join(
        f'{edge}_power (edges) {{ values ("{fj}, {fj}"); }}' for edge in ("rise", "fall")
    )
    return f"internal_power () {{ {when} {tables} }}"


def _gate(name: str, inputs: str, function: str, sense: str) -> str:
    causes = "".join(
        _delays(each, sense) + _energy(ENERGY_FJ[name] + SECOND_INPUT_FJ * (each == "B"), each)
        for each in inputs
    )
    return _cell(
        name,
        "".join(map(_input, inputs))
        + f'pin (Y) {{ direction : output; max_capacitance : 999; function : "{function}"; '
        + f"{causes} }}",
    )


def _cell(name: str, body: str) -> str:
    return (
        f"  cell ({name}) {{ area : {AREAS[name]}; cell_leakage_power : {LEAKAGE_NW}; {body} }}\n"
    )


def _checks(clock: str) -> str:
    edges = "".join(f'{edge}_constraint (scalar) {{ values ("5"); }}' for edge in ("rise", "fall"))
    return "".join(
        f'timing () {{ related_pin : "{clock}"; timing_type : {kind}_rising; {edges} }}'
        for kind in ("setup", "hold")
    )


def _flop(name: str, next_state: str, inputs: str) -> str:
    return _cell(
        name,
        f'ff (IQ, IQN) {{ clocked_on : "C"; next_state : "{next_state}"; }}'
        + _input("C", "clock : true; " + pin_energy(CLOCK_FJ))
        + "".join(_input(each, _checks("C")) for each in inputs)
        + 'pin (Q) { direction : output; max_capacitance : 999; function : "IQ"; '
        + _delays("C", "non_unate", "timing_type : rising_edge;")
        + _energy(ENERGY_FJ["FLOP"], "C")
        + "}",
    )


def _tie(name: str, value: int) -> str:
    return _cell(name, f'pin (Y) {{ direction : output; function : "{value}"; }}')


def _clock_gate() -> str:
    return _cell(
        "GATE",
        "clock_gating_integrated_cell : latch_posedge;"
        + _input("C", "clock : true; clock_gate_clock_pin : true;")
        + _input("E", "clock_gate_enable_pin : true;")
        + 'pin (G) { direction : output; clock_gate_out_pin : true; state_function : "C E"; '
        + _delays("C", "positive_unate")
        + _energy(GATE_FJ, "C")
        + "}",
    )


CELLS: Mapping[str, str] = {
    "INV": _gate("INV", "A", "!A", "negative_unate"),
    "BUF": _gate("BUF", "A", "A", "positive_unate"),
    "NAND": _gate("NAND", "AB", "!(A B)", "negative_unate"),
    "NOR": _gate("NOR", "AB", "!(A+B)", "negative_unate"),
    "TIE0": _tie("TIE0", 0),
    "TIE1": _tie("TIE1", 1),
    "FLOP": _flop("FLOP", "D", "D"),
    "FLOPE": _flop("FLOPE", "(E D)+(!E IQ)", "DE"),
    "GATE": _clock_gate(),
}


def tiny_library(*without: str, cells: Mapping[str, str] = CELLS) -> str:
    """Its text, without some of its cells."""
    return _HEAD + "".join(text for name, text in cells.items() if name not in without) + "}\n"

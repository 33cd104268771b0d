"""Cells of a Vivado block design: the IP that `rtl/vivado` names, and module references.

Written from AMD's guides PG201 (Zynq UltraScale+ processing system), PG247 (SmartConnect), PG164
(reset) and UG994 (module references), not from the scripts. Cells and settings that are not
here are errors, so that nothing is believed that is not modelled.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import ClassVar

DEFAULTS = {
    "zynq_ultra_ps_e": {
        "PSU__USE__M_AXI_GP0": 1, "PSU__USE__M_AXI_GP1": 1, "PSU__USE__M_AXI_GP2": 0,
        "PSU__USE__IRQ0": 0, "PSU__FPGA_PL0_ENABLE": 1, "PSU__MAXIGP0__DATA_WIDTH": 128,
        "PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ": 100,
        **{f"PSU__USE__S_AXI_GP{n}": 0 for n in range(2, 6)},
        **{f"PSU__SAXIGP{n}__DATA_WIDTH": 128 for n in range(2, 6)},
    },
    "smartconnect": {"NUM_SI": 2, "NUM_MI": 1, "NUM_CLKS": 1},
    "proc_sys_reset": {},
    "xlconcat": {"NUM_PORTS": 2},
}  # fmt: skip


class VivadoError(Exception):
    """What Vivado would refuse."""


@dataclass(eq=False)
class Pin:
    name: str
    output: bool
    width: int = 1
    optional: bool = False
    net: str | None = None


@dataclass(eq=False)
class Interface:
    name: str
    master: bool
    data_bits: int | None = None  # None: adapts
    address_bits: int = 64
    clock: str = ""  # pin that it runs on
    other: Interface | None = None


@dataclass(eq=False)
class Cell:
    name: str
    kind: str
    settings: dict[str, float]
    module: Module | None = None
    kept_pins: dict[str, Pin] = field(default_factory=dict)
    kept_interfaces: dict[str, Interface] = field(default_factory=dict)

    def pins(self) -> dict[str, Pin]:
        """Those that the settings of this moment give."""
        return {name: self.kept_pins.setdefault(name, pin) for name, pin in self._pins().items()}

    def interfaces(self) -> dict[str, Interface]:
        found = self._interfaces()
        return {name: self.kept_interfaces.setdefault(name, each) for name, each in found.items()}

    def _pins(self) -> dict[str, Pin]:
        pins: list[Pin] = []
        value = self.settings
        if self.kind == "zynq_ultra_ps_e":
            pins = [Pin("pl_clk0", True), Pin("pl_resetn0", True)]
            for n, name in enumerate(("maxihpm0_fpd", "maxihpm1_fpd", "maxihpm0_lpd")):
                pins += [Pin(f"{name}_aclk", False)] * int(value[f"PSU__USE__M_AXI_GP{n}"])
            for n in range(4):
                enabled = int(value[f"PSU__USE__S_AXI_GP{n + 2}"])
                pins += [Pin(f"saxihp{n}_fpd_aclk", False)] * enabled
            pins += [Pin("pl_ps_irq0", False, 8)] * int(value["PSU__USE__IRQ0"])
        elif self.kind == "smartconnect":
            pins = [Pin("aclk", False), Pin("aresetn", False)]
        elif self.kind == "proc_sys_reset":
            pins = [Pin("slowest_sync_clk", False), Pin("ext_reset_in", False)]
            pins += [
                Pin(n, False, 1, True) for n in ("aux_reset_in", "mb_debug_sys_rst", "dcm_locked")
            ]
            outputs = ("mb_reset", "bus_struct_reset", "peripheral_reset")
            pins += [Pin(n, True) for n in (*outputs, "interconnect_aresetn", "peripheral_aresetn")]
        elif self.kind == "xlconcat":
            count = int(value["NUM_PORTS"])
            pins = [Pin("dout", True, count), *(Pin(f"In{n}", False) for n in range(count))]
        elif self.module is not None:
            pins = self.module.pins
        return {pin.name: pin for pin in pins}

    def _interfaces(self) -> dict[str, Interface]:
        found: list[Interface] = []
        value = self.settings
        if self.kind == "zynq_ultra_ps_e":
            for n, (name, clock) in enumerate(
                (("M_AXI_HPM0_FPD", "maxihpm0_fpd_aclk"), ("M_AXI_HPM1_FPD", "maxihpm1_fpd_aclk"))
            ):
                if value[f"PSU__USE__M_AXI_GP{n}"]:
                    found.append(Interface(name, True, clock=clock, address_bits=40))
            for n in range(4):
                if value[f"PSU__USE__S_AXI_GP{n + 2}"]:
                    bits = int(value[f"PSU__SAXIGP{n + 2}__DATA_WIDTH"])
                    if bits not in (32, 64, 128):
                        raise VivadoError(f"S_AXI_HP{n}_FPD has no width {bits}")
                    name = f"S_AXI_HP{n}_FPD"
                    found.append(Interface(name, False, bits, clock=f"saxihp{n}_fpd_aclk"))
        elif self.kind == "smartconnect":
            slaves, masters = int(value["NUM_SI"]), int(value["NUM_MI"])
            if not (1 <= slaves <= 16 and 1 <= masters <= 16):
                raise VivadoError(f"{self.name}: {slaves} slave and {masters} master interfaces")
            found = [Interface(f"S{n:02d}_AXI", False, clock="aclk") for n in range(slaves)]
            found += [Interface(f"M{n:02d}_AXI", True, clock="aclk") for n in range(masters)]
        elif self.module is not None:
            found = self.module.interfaces
        return {each.name: each for each in found}


class Module:
    """What Vivado makes of a module's attributes (UG994, "List of Supported X_ Attributes")."""

    PORT = re.compile(
        r"((?:\(\* \w+ = \"[^\"]*\" \*\)\s*)*)(input|output) wire (?:\[(\d+):0\] )?(\w+)"
    )
    REQUIRED: ClassVar = {
        "READ_ONLY": {"ARADDR", "ARVALID", "ARREADY", "RDATA", "RLAST", "RVALID", "RREADY"},
        "WRITE_ONLY": {"AWADDR", "AWVALID", "AWREADY", "WDATA", "WLAST", "WVALID", "WREADY",
                       "BRESP", "BVALID", "BREADY"},
        "LITE": {"AWADDR", "AWVALID", "AWREADY", "WDATA", "WVALID", "WREADY", "BRESP", "BVALID",
                 "BREADY", "ARADDR", "ARVALID", "ARREADY", "RDATA", "RRESP", "RVALID", "RREADY"},
    }  # fmt: skip

    def __init__(self, text: str) -> None:
        self.pins: list[Pin] = []
        self.parameters: dict[str, dict[str, str]] = {}
        self.signals: dict[str, dict[str, tuple[bool, int]]] = {}
        for attributes, direction, high, name in self.PORT.findall(text):
            given = dict(re.findall(r'\(\* (\w+) = "([^"]*)" \*\)', attributes))
            width = int(high or 0) + 1
            vlnv, interface, logical = given["X_INTERFACE_INFO"].split()
            if "X_INTERFACE_PARAMETER" in given:
                pairs = [pair.split() for pair in given["X_INTERFACE_PARAMETER"].split(", ")]
                assert pairs[0] == ["XIL_INTERFACENAME", interface], pairs[0]
                self.parameters[interface] = dict(pairs[1:])
            if vlnv == "xilinx.com:interface:aximm:1.0":
                signals = self.signals.setdefault(interface, {})
                assert logical not in signals, (interface, logical)
                signals[logical] = (direction == "output", width)
            else:
                assert (vlnv, logical) in {
                    ("xilinx.com:signal:clock:1.0", "CLK"),
                    ("xilinx.com:signal:reset:1.0", "RST"),
                    ("xilinx.com:signal:interrupt:1.0", "INTERRUPT"),
                }, vlnv
                self.pins.append(Pin(name, direction == "output", width))
        clock = next(name for name, each in self.parameters.items() if "ASSOCIATED_BUSIF" in each)
        associated = self.parameters[clock]["ASSOCIATED_BUSIF"].split(":")
        assert sorted(associated) == sorted(self.signals), "an interface without a clock"
        self.interfaces = [self._interface(name, clock) for name in self.signals]

    def _interface(self, name: str, clock: str) -> Interface:
        signals, given = self.signals[name], self.parameters[name]
        lite = given["PROTOCOL"] == "AXI4LITE"
        missing = self.REQUIRED["LITE" if lite else given["READ_WRITE_MODE"]] - set(signals)
        assert not missing, (name, missing)
        address, data = ("ARADDR", "RDATA") if "ARADDR" in signals else ("AWADDR", "WDATA")
        master = signals[address][0]
        for logical, (output, width) in signals.items():
            forward = (
                logical[:2] in ("AR", "AW")
                or (logical[0] == "W")
                or logical in ("RREADY", "BREADY")
            )
            forward &= logical not in ("ARREADY", "AWREADY", "WREADY")
            assert output == (forward == master), (name, logical)
            if logical in ("RDATA", "WDATA"):
                assert width == int(given["DATA_WIDTH"]), (name, logical)
            if logical in ("ARADDR", "AWADDR"):
                assert width == int(given["ADDR_WIDTH"]), (name, logical)
        return Interface(name, master, signals[data][1], signals[address][1], clock)

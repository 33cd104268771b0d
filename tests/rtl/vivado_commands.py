"""Vivado's Tcl commands that `rtl/vivado` uses, in Python's own Tcl interpreter (`tkinter.Tcl`)."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from pathlib import Path

from tests.rtl.vivado_cells import Module, VivadoError
from tests.rtl.vivado_model import Design

SWITCHES = {"-force", "-quiet", "-norecurse", "-top", "-fixed", "-include_bit", "-hierarchical",
            "-latest_file_version"}  # fmt: skip


class Vivado:
    """An interpreter that knows these commands and, apart from Tcl's own, no others.

    `runs`: what the properties of the run `impl_1` are once it has been launched.
    """

    def __init__(self, runs: dict[str, str]) -> None:
        self.design = Design()
        self.files: list[Path] = []
        self.properties: dict[tuple[str, str], str] = {}
        self.written: list[str] = []
        self.runs = runs
        self.launched = False
        self.tcl = tkinter.Tcl()
        self._fault = ""
        for name in dir(self):
            if name.startswith("do_"):
                self._register(name.removeprefix("do_"), getattr(self, name))

    def source(self, script: Path, *arguments: str) -> None:
        """Run a script; `VivadoError` with Vivado's or the script's own words."""
        self.tcl.setvar("argv", " ".join(arguments))
        self._fault = ""
        try:
            self.tcl.call("source", str(script))
        except tkinter.TclError as error:
            raise VivadoError(self._fault or str(error)) from None

    def _register(self, name: str, command: Callable[..., object]) -> None:
        def call(*words: str) -> str:
            try:
                return str(command(*self._options(words)) or "")
            except Exception as error:  # Tcl does not carry it: it comes out of `source`
                self._fault = f"{name} {' '.join(words)}: {error!r}"
                raise

        self.tcl.createcommand(name, call)

    def _options(self, words: tuple[str, ...]) -> tuple[dict[str, str], list[str]]:
        options: dict[str, str] = {}
        plain: list[str] = []
        waiting = list(words)
        while waiting:
            word = waiting.pop(0)
            if word in SWITCHES:
                options[word] = ""
            elif word.startswith("-") and word[1:2].isalpha():
                options[word] = waiting.pop(0)
            else:
                plain.append(word)
        return options, plain

    def _list(self, text: str) -> list[str]:
        return [str(each) for each in self.tcl.splitlist(text)]

    # Project

    def do_create_project(self, options: dict[str, str], words: list[str]) -> None:
        assert options["-part"] == "xck26-sfvc784-2LV-c"
        assert len(words) == 2

    def do_get_board_parts(self, _: dict[str, str], words: list[str]) -> str:
        assert words == ["*:kv260_som:part0:*"]
        return "xilinx.com:kv260_som:part0:1.4"

    def do_current_project(self, *_: object) -> str:
        return "project"

    def do_current_fileset(self, *_: object) -> str:
        return "sources_1"

    def do_set_property(self, options: dict[str, str], words: list[str]) -> None:
        if "-dict" in options:
            (target,) = words
            pairs = self._list(options["-dict"])
            self.design.configure(target, dict(zip(pairs[::2], pairs[1::2], strict=True)))
            return
        name, value, target = words
        self.properties[target, name] = value

    def do_get_property(self, _: dict[str, str], words: list[str]) -> str:
        name, run = words
        assert self.launched and run == "impl_1"
        return self.runs[name]

    def do_add_files(self, _: dict[str, str], words: list[str]) -> None:
        for path in map(Path, self._list(words[0])):
            if not path.is_file() and path.name != "kv260_wrapper.v":
                raise VivadoError(f"no file {path}")
            self.files.append(path)

    def do_update_compile_order(self, *_: object) -> None: ...

    def do_get_files(self, _: dict[str, str], words: list[str]) -> str:
        assert words == ["kv260.bd"]
        return words[0]

    def do_make_wrapper(self, options: dict[str, str], _: list[str]) -> str:
        assert self.design.validated and "-top" in options
        return f"{options['-files'].removesuffix('.bd')}_wrapper.v"

    def do_launch_runs(self, _: dict[str, str], words: list[str]) -> None:
        assert words == ["impl_1"]
        assert self.properties["sources_1", "top"] == "kv260_wrapper"
        self.launched = True

    def do_wait_on_runs(self, _: dict[str, str], words: list[str]) -> None:
        assert words == ["impl_1"] and self.launched

    def do_get_runs(self, _: dict[str, str], words: list[str]) -> str:
        return words[0]

    def do_open_run(self, *_: object) -> None: ...

    def do_report_utilization(self, options: dict[str, str], _: list[str]) -> None:
        self.written.append(options["-file"])

    def do_report_timing_summary(self, options: dict[str, str], _: list[str]) -> None:
        self.written.append(options["-file"])

    def do_write_hw_platform(self, options: dict[str, str], words: list[str]) -> None:
        self.written += [options.get("-file", "") or words[0]]

    # Constraints

    def do_current_design(self, *_: object) -> str:
        return "netlist"

    # Block design

    def do_create_bd_design(self, _: dict[str, str], words: list[str]) -> None:
        assert words == ["kv260"]

    def do_create_bd_cell(self, options: dict[str, str], words: list[str]) -> str:
        (name,) = words
        if options["-type"] == "module":
            reference = f"{options['-reference']}.v"
            found = [path for path in self.files if path.name == reference]
            if len(found) != 1:
                raise VivadoError(f"no source of {reference}")
            self.design.create("module", name, Module(found[0].read_text()))
        else:
            vendor, library, kind = options["-vlnv"].split(":")[:3]
            assert (vendor, library) == ("xilinx.com", "ip")
            self.design.create(kind, name)
        return name

    def do_apply_bd_automation(self, options: dict[str, str], words: list[str]) -> None:
        assert options["-rule"] == "xilinx.com:bd_rule:zynq_ultra_ps_e"
        assert self._list(options["-config"]) == ["apply_board_preset", "1"]
        assert words == ["ps"]

    def do_get_bd_cells(self, _: dict[str, str], words: list[str]) -> str:
        return self.design.cell(words[0]).name

    def do_get_bd_pins(self, _: dict[str, str], words: list[str]) -> str:
        self.design.pin(words[0])
        return words[0]

    def do_get_bd_intf_pins(self, _: dict[str, str], words: list[str]) -> str:
        self.design.interface(words[0])
        return words[0]

    def do_connect_bd_net(self, _: dict[str, str], words: list[str]) -> None:
        self.design.connect(words)

    def do_connect_bd_intf_net(self, _: dict[str, str], words: list[str]) -> None:
        first, second = words
        self.design.connect_interfaces(first, second)

    def do_get_bd_addr_spaces(self, _: dict[str, str], words: list[str]) -> str:
        if words[0] not in self.design.spaces():
            raise VivadoError(f"no address space {words[0]}")
        return words[0]

    def do_get_bd_addr_segs(self, _: dict[str, str], words: list[str]) -> str:
        return words[0]

    def do_assign_bd_address(self, options: dict[str, str], words: list[str]) -> None:
        offset, size = (int(options[name], 0) for name in ("-offset", "-range"))
        self.design.assign(options["-target_address_space"], words[0], offset, size)

    def do_exclude_bd_addr_seg(self, options: dict[str, str], words: list[str]) -> None:
        self.design.exclude(options["-target_address_space"], words[0])

    def do_validate_bd_design(self, *_: object) -> None:
        self.design.validate()

    def do_save_bd_design(self, *_: object) -> None: ...

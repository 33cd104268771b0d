"""The accelerators of a sweep, made from its base."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bitsim.errors import BitsimError, named_in
from bitsim.spec import base, catalog
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.catalog import Named
from bitsim.spec.network import NetworkSpec
from bitsim.spec.sweep import SweepSpec
from bitsim.spec.technology import TechnologySpec

FIXED = ("name", "note")  # of the base; they change nothing that is simulated


@dataclass(frozen=True)
class Sweep:
    """A sweep with everything that it names, loaded."""

    spec: SweepSpec
    accelerator: AcceleratorSpec
    network: NetworkSpec
    technologies: Mapping[str, TechnologySpec]  # by the name that a design gives

    def __hash__(self) -> int:
        return hash((self.spec, self.accelerator, self.network))

    def __repr__(self) -> str:
        return f"<Sweep: {self.name}, {self.spec.count} designs of {', '.join(self.spec.fields)}>"

    @property
    def name(self) -> str:
        """Of the sweep."""
        return self.spec.name

    def design(self, index: int) -> AcceleratorSpec:
        """Design `index`; `BitsimError` if the accelerator's checks refuse it."""
        name = f"{self.accelerator.name[:56]}_{index}"
        settings = {**self.spec.settings(index), "name": name}
        return self.accelerator.changed(settings, f"design {index}")

    def technology(self, design: AcceleratorSpec) -> TechnologySpec:
        """What prices a design."""
        return self.technologies[self.spec.technology or design.technology]


def load_sweep(name: Named | Sweep) -> Sweep:
    """A sweep by name or by the path of its TOML file, with all that it names."""
    if isinstance(name, Sweep):
        return name
    path = catalog.find("sweeps", name)
    spec = base.load(SweepSpec, path)
    with named_in(f"{path}: accelerator"):
        accelerator = catalog.load_accelerator(
            catalog.from_file(path, "accelerators", spec.accelerator)
        )
    with named_in(f"{path}: network"):
        network = catalog.load_network_spec(catalog.from_file(path, "networks", spec.network))
    table = accelerator.model_dump()
    faults = [fault for field in spec.fields if (fault := _fault(table, field))]
    if faults:
        raise BitsimError("\n".join(f"{path}: {fault}" for fault in faults))
    wanted = {spec.technology} if spec.technology else _technologies(spec)
    files = {each: catalog.from_file(path, "technologies", each) for each in sorted(wanted)}
    files = files or {accelerator.technology: accelerator.technology}
    with named_in(f"{path}: technology"):
        technologies = {each: catalog.load_technology(file) for each, file in files.items()}
    return Sweep(spec, accelerator, network, technologies)


def _technologies(spec: SweepSpec) -> set[str]:
    """That the sweep itself names."""
    return {str(value) for axis in spec.axes for value in axis.get("technology", ())}


def _fault(table: Any, path: str) -> str | None:
    """What is wrong with a field's name, or None."""
    for number, part in enumerate(path.split(".")):
        if (number == 0 and part in FIXED) or not isinstance(table, dict) or part not in table:
            known = _leaves(table) if isinstance(table, dict) else []
            stem = ".".join(path.split(".")[:number])
            near = difflib.get_close_matches(part, known, 1)
            hint = (
                f"did you mean '{'.'.join(filter(None, (stem, near[0])))}'?"
                if near
                else "remove it"
            )
            return f"{path}: the accelerator has no such field to vary; {hint}"
        table = table[part]
    return f"{path}: a table; name a field in it" if isinstance(table, dict) else None


def _leaves(table: dict[str, Any]) -> list[str]:
    return [name for name in table if name not in FIXED]

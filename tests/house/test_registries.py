"""One registry for each kind of part, one entry for each part: every entry does what one must."""

import ast
import dataclasses
from pathlib import Path

import pytest

from bitsim.spec.array.array import ArraySpec
from bitsim.spec.array.registry import DATAFLOWS
from bitsim.spec.figures import FIGURES
from bitsim.spec.host.registry import HOSTS
from bitsim.spec.link.registry import LINKS
from bitsim.spec.memory.memory import MemorySpec
from bitsim.spec.memory.registry import MEMORIES
from bitsim.spec.registry import home

PACKAGE = Path(__file__).resolve().parents[2] / "bitsim"
REGISTRIES = {"dataflow": DATAFLOWS, "host": HOSTS, "link": LINKS, "memory": MEMORIES}
ENTRIES = [
    pytest.param(entry, id=f"{kind} {entry.name}")
    for kind, registry in REGISTRIES.items()
    for entry in registry
]

# Where a part is at home, and may be named: folders and files of its own.
OWN = {
    "dot": (
        "agreement/arrays/dot.py",
        "array/dot/",
        "cost/array/dot/",
        "gateware/array/dot/",
        "report/machine/dot.py",
        "spec/array/dot.py",
        "spec/array/registry.py",
        "synthesis/gates/dot/",
    ),
    "fixed": ("memory/fixed.py", "spec/memory/fixed.py", "spec/memory/registry.py"),
}
# Fields whose names are words of other things too: only said of an array are they the dataflow's.
COMMON = {"columns", "lanes", "slices", "hold", "skip"}
ARRAYS = {"array", "spec"}


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_reading_that_an_entry_names_is_there(entry):
    for field in dataclasses.fields(entry):
        value = getattr(entry, field.name)
        if field.name != "name" and value is not None:
            assert callable(home(value)) or field.name == "power", field.name


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_has_the_name_that_its_spec_wants_in_the_file(entry):
    tag = (
        "dataflow" if isinstance(entry.spec, type) and issubclass(entry.spec, ArraySpec) else "kind"
    )
    assert entry.spec.model_fields[tag].annotation.__args__ == (entry.name,)


@pytest.mark.parametrize("entry", list(DATAFLOWS), ids=lambda entry: entry.name)
def test_a_dataflow_says_which_field_sets_each_of_its_quantities(entry):
    assert set(entry.spec.SET_BY) == {
        "rows", "vectors", "depth", "feeds", "hold_groups", "result_bits", "longest_k"
    }  # fmt: skip
    assert set(entry.spec.SET_BY.values()) <= set(entry.spec.model_fields)


def test_every_figure_of_a_technology_is_asked_for_by_a_cost_model():
    asked = "".join(path.read_text() for path in (PACKAGE / "cost").rglob("*.py"))
    for figure in FIGURES:
        operation = figure.name.split("_", 1)[1]
        assert figure.name in asked or f"arithmetic}}_{operation}" in asked, figure
        assert figure.meaning


def fields_of(base, entry):
    return set(entry.spec.model_fields) - set(base.model_fields)


def named(tree):
    """Attributes, keywords and whole strings of a module, with the word before an attribute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value
            last = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
            yield node.attr, last, node.lineno
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.arg, "keyword", node.lineno
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value, "string", node.lineno


def uses(part, fields):
    """Places outside a part's own files that name it or a field of it."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE).as_posix()
        if place.startswith(OWN[part]):
            continue
        for word, owner, line in named(ast.parse(path.read_text())):
            if (word == part and owner == "string") or (
                word in fields
                and owner != "string"
                and (word not in COMMON or owner in ARRAYS)
                and owner != "keyword"
            ):
                found.append(f"{place}:{line}: {owner}.{word}")
    return found


def test_no_file_outside_a_dataflow_names_it_or_a_field_of_it():
    for entry in DATAFLOWS:
        assert uses(entry.name, fields_of(ArraySpec, entry)) == []


def test_no_file_outside_a_memory_names_it_or_a_field_of_it():
    for entry in MEMORIES:
        assert uses(entry.name, fields_of(MemorySpec, entry)) == []

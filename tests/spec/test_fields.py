"""The list of fields: every field of every kind of file, with what it is."""

import tomllib

import pytest

from bitsim.spec import catalog, fields
from bitsim.spec.fields import FILES, FieldLine

FOLDERS = {
    "accelerator": "accelerators",
    "network": "networks",
    "technology": "technologies",
    "sweep": "sweeps",
    "board": "boards",
    "checkpoint": "checkpoints",
}


def line(file, path, of=""):
    (found,) = [each for each in fields.fields(file) if (each.path, each.of) == (path, of)]
    return found


def written(table, lines, path=""):
    """The paths of what a file says, as the list of fields writes them."""
    for key, value in table.items():
        inside = f"{path}{key}"
        if not any(each.path == inside or each.path.startswith(f"{inside}.") for each in lines):
            inside = f"{path}NAME"
        yield inside
        for place, each in [(f"{inside}.", value), *((f"{inside}[].", v) for v in _list(value))]:
            if isinstance(each, dict):
                yield from written(each, lines, place)


def _list(value):
    return value if isinstance(value, list) else ()


@pytest.mark.parametrize("file", FILES)
def test_no_field_is_without_a_description(file):
    assert [each.path for each in fields.fields(file) if not each.meaning] == []


@pytest.mark.parametrize("file", FILES)
def test_every_field_that_a_file_of_models_has_is_listed(file):
    lines = fields.fields(file)
    open_tables = {each.path for each in lines if each.type.startswith(("table of", "list of"))}
    known = {each.path for each in lines}
    known |= {f"{path}{end}" for path in open_tables for end in (".NAME", "[].NAME")}
    for name in catalog.names(FOLDERS[file]):
        place = catalog.find(FOLDERS[file], name)
        if place.suffix == ".toml":
            said = set(written(tomllib.loads(place.read_text()), lines))
            assert said - known == set(), name


def test_a_number_has_its_bounds_and_its_unit():
    assert line("accelerator", "array.accumulator_bits") == FieldLine(
        path="array.accumulator_bits",
        of="",
        type="integer",
        bounds="9 to 40",
        required=True,
        default=None,
        unit="bits",
        meaning="width of a sum; 9 bits hold one product, -(-128); results in memory are int32",
    )
    assert line("network", "rms_norm_eps").bounds == "above 0"
    assert line("technology", "sram[].access_pj").unit == "pJ"
    assert line("sweep", "context").default == "512"


def test_a_field_of_one_kind_of_table_says_of_which():
    baud = line("accelerator", "host.baud", 'kind = "serial"')
    assert fields.summary(baud) == 'integer, 1200 to 12000000 bit/s, of kind = "serial"'
    assert [
        each.path for each in fields.fields("accelerator") if each.of == 'kind = "axi4lite"'
    ] == [
        "host",
        "host.kind",
    ]


def test_tables_of_names_and_lists_say_what_is_in_them():
    assert line("accelerator", "units").type == "table of tables"
    assert line("accelerator", "units.NAME.adds_per_cycle").unit == "1/cycle"
    assert line("accelerator", "work").bounds.startswith("names embedding, norm")
    assert line("network", "eos_ids").type == "list of integers"
    assert line("sweep", "together").type == "list of tables of lists of values"
    assert fields.summary(line("checkpoint", "files.NAME.bytes")) == (
        "integer, above 0 bytes, may be left out"
    )

"""Descriptions from TOML: every fault at once, each in one line with file, field and remedy."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from pydantic import Field, ValidationError

from bitsim.errors import BitsimError, shown, shown_path
from bitsim.spec import base, catalog
from bitsim.spec.accelerator import WORKS, AcceleratorSpec
from bitsim.spec.base import MAX_FAULTS, MAX_LINE_DOTS, MAX_SPEC_BYTES

DEFAULT = catalog.find("accelerators", "dot_16x40").read_text()


class Buffer(base.Spec):
    """A description with a reason for one bound and none for the other."""

    beats: int = Field(ge=2, description="places in the queue; with one it stalls")
    bits: int = Field(ge=1, description="width of a place")


def faults(tmp_path: Path, content: str | bytes) -> list[str]:
    path = tmp_path / "machine.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(BitsimError) as caught:
        catalog.load_accelerator(str(path))
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{path}: ") for line in lines)
    return [line.removeprefix(f"{path}: ") for line in lines]


def changed(old: str, new: str) -> str:
    assert old in DEFAULT, old
    return DEFAULT.replace(old, new, 1)


def test_the_default_machine_is_as_its_file_says():
    spec = catalog.load_accelerator("dot_16x40")
    assert (spec.array.columns, spec.array.lanes, spec.array.weight_packing) == (16, 40, "base3")
    assert spec.array.beat_bytes == 8
    assert spec.peak_products_per_s == 16 * 40 * 200e6
    assert spec.memory.expected_gb_per_s == 25.6 * 0.82


def test_a_bound_is_told_with_its_reason_and_one_without_a_reason_with_what_the_field_is():
    with pytest.raises(BitsimError) as caught:
        base.check(Buffer, {"beats": 1, "bits": 0}, "buffer.toml")
    bound = "Input should be greater than or equal to"
    assert str(caught.value).splitlines() == [
        f"buffer.toml: beats = 1: {bound} 2 (with one it stalls)",
        f"buffer.toml: bits = 0: {bound} 1 (width of a place)",
    ]


def test_a_description_is_frozen():
    spec = catalog.load_accelerator("dot_16x40")
    with pytest.raises(ValidationError):
        spec.clock_mhz = 1.0


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("lanes = 40", "lane = 40", "array.lane: unknown field; did you mean 'lanes'?"),
        ("clock_mhz = 200.0", "clock_hz = 2e8", "clock_hz: unknown field; did you mean 'clock_mhz"),
        ("clock_mhz = 200.0", "", "clock_mhz: missing; add it"),
        ('norm = "vector"', 'nurm = "vector"', "work.nurm: unknown field; did you mean 'norm'?"),
        ('norm = "vector"', "", "work.norm: missing; name the unit that does it"),
        ('norm = "vector"', 'norm = "gpu"', "work.norm = 'gpu': no such unit; add [units.gpu]"),
        ("[units.vector]", '[units."a b"]', "units.a b: "),
        ("setup_cycles = 32", "setup_cycle = 32", ".setup_cycle: unknown field; did you mean"),
        ('kind = "fixed"', 'kind = "hbm"', "memory.kind = 'hbm'"),
        ('skip = "gate"', 'skip = "zero"', "array.skip = 'zero'"),
        ("lanes = 40", "lanes = 1_000_000_000", "array.lanes = 1000000000: "),
        ("lanes = 40", "lanes = true", "array.lanes = True: "),
        ("lanes = 40", "lanes = 40.0", "array.lanes = 40.0: "),
        ("lanes = 40", "lanes = -40", "array.lanes = -40: "),
        ("lanes = 40", "lanes = 0", "array.lanes = 0: "),
        ("lanes = 40", 'lanes = "40"', "array.lanes = '40': "),
        ("lanes = 40", "lanes = 1979-05-27", "array.lanes = datetime.date(1979, 5, 27): "),
        ("lanes = 40", f"lanes = 1{'0' * 400}", "array.lanes = 1000000000"),
        ("lanes = 40", f"lanes = 1{'0' * 5000}", "not valid TOML: "),
        ("clock_mhz = 200.0", "clock_mhz = nan", "clock_mhz = nan: "),
        ("clock_mhz = 200.0", "clock_mhz = -inf", "clock_mhz = -inf: "),
        ("clock_mhz = 200.0", "clock_mhz = 0.0", "clock_mhz = 0.0: "),
        ("clock_mhz = 200.0", "clock_mhz = 1e300", "clock_mhz = 1e+300: "),
        ("clock_mhz = 200.0", f"clock_mhz = 1{'0' * 400}", "clock_mhz = 1000000000"),
        ("efficiency = 0.82", "efficiency = 1.5", "memory.efficiency = 1.5: "),
        ("latency_ns = 100.0", "latency_ns = -1.0", "memory.latency_ns = -1.0: "),
        ('name = "dot_16x40"', 'name = "a;b"', "name = 'a;b': "),
        ('name = "dot_16x40"', 'name = "16x"', "name = '16x': "),
        ('name = "dot_16x40"', 'name = "a\\n"', "name = 'a\\n': "),
        ('name = "dot_16x40"', 'name = ""', "name = '': "),
        ('name = "dot_16x40"', f'name = "{"x" * 65}"', "name = 'xxx"),
        ("weight_tile_bytes = 32768", "weight_tile_bytes = 127", "dma.weight_tile_bytes = 127 is "),
    ],
)  # fmt: skip
def test_a_fault_names_field_value_and_remedy(tmp_path, old, new, expected):
    assert any(expected in line for line in faults(tmp_path, changed(old, new)))


def test_the_dma_tile_must_hold_one_beat_of_all_columns_and_no_more(tmp_path):
    path = tmp_path / "machine.toml"
    path.write_text(changed("weight_tile_bytes = 32768", "weight_tile_bytes = 128"))
    assert catalog.load_accelerator(str(path)).dma.weight_tile_bytes == 128


def test_all_faults_of_a_file_come_at_once(tmp_path):
    text = DEFAULT.replace("clock_mhz = 200.0", "clock_mhz = -1.0").replace(
        "lanes = 40", "lane = 1"
    )
    assert [line.split(" ")[0].rstrip(":") for line in faults(tmp_path, text)] == [
        "clock_mhz",
        "array.lanes",
        "array.lane",
    ]
    text = "".join(line for line in DEFAULT.splitlines(True) if ' = "vector"' not in line)
    assert sum("name the unit that does it" in line for line in faults(tmp_path, text)) == 1
    assert all(f"work.{work}: missing" in faults(tmp_path, text)[0] for work in WORKS)


def test_a_file_of_junk_gives_its_first_faults_quickly(tmp_path):
    junk = "".join(f"k{number} = 1\n" for number in range(20_000))
    started = time.monotonic()
    lines = faults(tmp_path, junk)
    assert time.monotonic() - started < 2
    assert len(lines) == MAX_FAULTS + 1
    assert lines[-1].endswith("more faults; mend these first")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xff\xfe\x00", "byte 0 is not UTF-8; save the file as UTF-8"),
        (b"name = ", "not valid TOML: "),
        (b"name = 1\nname = 2\n", "not valid TOML: "),
        (b'note = "a\x00b"', "not valid TOML: "),
        (b"x = " + b"[" * 50_000, "nested too deeply"),
        (b"x = " + b"{a=" * 20_000, "nested too deeply"),
        (b".".join([b"a"] * 100_000) + b" = 1", f"line 1: more than {MAX_LINE_DOTS} dots"),
        (b"x" * (MAX_SPEC_BYTES + 1), f"{MAX_SPEC_BYTES + 1} bytes; such a file has at most"),
    ],
)
def test_a_file_that_is_not_toml_is_one_line_in_under_two_seconds(tmp_path, content, expected):
    started = time.monotonic()
    (line,) = faults(tmp_path, content)
    assert time.monotonic() - started < 2
    assert expected in line


def test_a_field_name_with_a_line_break_stays_on_one_line(tmp_path):
    lines = faults(tmp_path, 'extra = 1\n"a\\nb" = 1\n' + DEFAULT)
    assert "'a\\nb': unknown field; remove it" in lines


def test_a_long_field_name_is_cut(tmp_path):
    lines = faults(tmp_path, f"{'x' * 10_000} = 1\n" + DEFAULT)
    assert len(lines) == 1
    assert len(lines[0]) < 200


def refused(path: Path) -> str:
    with pytest.raises(BitsimError) as caught:
        base.load(AcceleratorSpec, path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500
    return str(caught.value)


def test_a_path_that_is_no_file_is_one_line(tmp_path):
    assert refused(tmp_path / "none.toml").endswith(
        "no such file; check the path, or see `bitsim list`"
    )
    assert refused(tmp_path).endswith("is a folder; name a file in it")
    assert "cannot be read" in refused(Path("a\0b.toml"))
    assert "cannot be read" in refused(Path("x" * 10_000 + ".toml"))
    assert refused(Path("/dev/zero")).endswith("is not a file with a size; name a file")
    pipe = tmp_path / "pipe.toml"
    os.mkfifo(pipe)
    assert refused(pipe).endswith("is not a file with a size; name a file")


def test_a_file_without_permission_is_one_line(tmp_path, monkeypatch):
    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)
    path = tmp_path / "a.toml"
    path.touch()
    assert "cannot be read (Permission denied)" in refused(path)


def test_values_are_shown_short_and_on_one_line():
    assert shown("a\nb") == "'a\\nb'"
    assert shown("x" * 100) == "'" + "x" * 59 + "..."
    assert shown(10**5000) == "(a number too long to print)"
    assert shown_path("a b/c") == "a b/c"
    assert shown_path("a\nb") == "'a\\nb'"
    assert len(shown_path("x" * 10_000)) < 240


def test_a_changed_copy_is_checked_like_the_original():
    from bitsim.spec.catalog import load_accelerator

    machine = load_accelerator("dot_16x40")
    assert machine.changed({"array.columns": 4}).array.columns == 4
    assert machine.array.columns == 16
    for settings, said in (
        ({"array.column": 4}, "array.column: unknown field; did you mean 'columns'?"),
        ({"aray.columns": 4}, "aray: unknown field; did you mean 'array'?"),
        ({"array.columns": 0}, "array.columns = 0"),
        ({"clock_mhz.value": 1}, "clock_mhz.value: clock_mhz has no fields; name it alone"),
        ({"array.accumulator_bits": 9}, "accumulator_bits = 9 overflows"),
    ):
        with pytest.raises(BitsimError) as fault:
            machine.changed(settings)
        assert said in str(fault.value)

"""The description of the registers: nothing overlaps, everything is in its place."""

from __future__ import annotations

from dataclasses import fields

import pytest

from bitsim.spec import catalog
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.counts import ArrayCounts
from bitsim.spec.link.axi4 import ListEntry
from bitsim.spec.registers.map import ENTRY_REGISTERS, digest, entry_words, register_map
from bitsim.spec.registers.register import (
    ACCESSES,
    REGISTER_BITS,
    REGISTER_BYTES,
    WINDOW_BYTES,
    RegisterMap,
)


def machine(**changes: object) -> AcceleratorSpec:
    return catalog.load_accelerator("dot_16x40_axi").changed(changes)


LARGEST = {
    "array.columns": 256, "array.lanes": 256, "array.slices": 4, "array.hold": 1,
    "array.accumulator_bits": 40, "array.max_k": 256 * 65535, "array.weight_packing": "2bit",
    "array.activation_buffer_beats": 65535, "array.tree_stages": 8, "bus.data_bits": 512,
    "bus.address_bits": 64, "bus.weight_ports": 8, "bus.list_entries": 4096,
    "bus.results": {"digits": 1, "code_beats": 0}, "dma.weight_tile_bytes": 1 << 26,
    "host": {"kind": "serial", "baud": 1_000_000, "memory_bytes": 1 << 24},
}  # fmt: skip
SMALLEST = {
    "array.columns": 1, "array.lanes": 1, "array.max_k": 1, "array.tree_stages": 0,
    "bus.data_bits": 32, "bus.address_bits": 32, "bus.weight_ports": 1, "bus.list_entries": 2,
}  # fmt: skip


@pytest.fixture(params=[{}, LARGEST, SMALLEST], ids=["default", "largest", "smallest"])
def registers(request: pytest.FixtureRequest) -> RegisterMap:
    return register_map(machine(**request.param))


def test_registers_are_aligned_in_order_and_inside_the_window(registers: RegisterMap) -> None:
    offsets = [register.offset for register in registers]
    assert offsets == sorted(set(offsets))
    assert all(offset % REGISTER_BYTES == 0 for offset in offsets)
    assert offsets[0] == 0 and offsets[-1] + REGISTER_BYTES <= WINDOW_BYTES
    names = [register.name for register in registers]
    assert len(set(names)) == len(names)


def test_fields_fit_do_not_overlap_and_have_their_names_once(registers: RegisterMap) -> None:
    for register in registers:
        seen = 0
        for field in register.fields:
            assert field.bits > 0 and field.mask < 1 << REGISTER_BITS, register.name
            assert not seen & field.mask, register.name
            seen |= field.mask
            assert field.access in ACCESSES
            assert field.what.endswith("."), register.name
        lows = [field.low for field in register.fields]
        assert lows == sorted(lows)
        names = [field.name for field in register.fields]
        assert len(set(names)) == len(names)
        # "value" is left out of names elsewhere, so it is only for a field that is alone.
        assert "value" not in names or names == ["value"]


def test_constants_fit_and_only_what_is_read_has_one(registers: RegisterMap) -> None:
    for (register, name), value in registers.constants().items():
        field = registers[register].field(name)
        assert field.access == "ro"
        assert 0 <= value < 1 << field.bits


def test_offsets_are_the_same_for_all_machines() -> None:
    small, large = register_map(machine(**SMALLEST)), register_map(machine(**LARGEST))
    ports = {register.name for register in large} - {register.name for register in small}
    assert ports == {
        f"WEIGHT_WORDS_{port}_{half}" for port in range(1, 8) for half in ("LOW", "HIGH")
    }
    for register in small:
        assert large[register.name].offset == register.offset
        names = [field.name for field in register.fields]
        assert [field.name for field in large[register.name].fields] == names


def test_a_value_is_cut_into_its_fields() -> None:
    shape = register_map(machine())["ARRAY_SHAPE"]
    assert shape.value_of(0x0028_0010) == {"columns": 16, "lanes": 40}
    assert register_map(machine())["STATUS"].value_of(0x0021_0002) == {
        "busy": 0, "done": 1, "errors": 0x21,
    }  # fmt: skip


def test_each_counter_is_latched_by_its_own_low_half(registers: RegisterMap) -> None:
    expected = {f"array_{field.name}" for field in fields(ArrayCounts)}
    expected |= {"list_cycles", "activation_words", "result_words"}
    expected |= {name for name in registers.counters if name.startswith("weight_words_")}
    assert set(registers.counters) == expected
    for name in registers.counters:
        low, high = registers[f"{name.upper()}_LOW"], registers[f"{name.upper()}_HIGH"]
        assert high.latched_by == low.name
        assert high.offset == low.offset + REGISTER_BYTES


def test_an_entry_has_its_fields_in_its_registers() -> None:
    values = {
        "row_tiles": 0x1111, "k_beats": 0x2222, "groups": 0x3333, "passes": 0x4444,
        "weights_address": 0x5555_6666_7777_8888, "weights_stride": 0x9999_AAAA,
        "weights_words": 0xBBBB_CCCC, "activations_address": 0xDDDD_EEEE_FFFF_0000,
        "activations_words": 0x1234_5678, "results_address": 0x9ABC_DEF0_0F1E_2D3C,
        "results_words": 0x4B5A_6978, "digits": 0x8796, "codes": 0xA5B4,
    }  # fmt: skip
    registers = register_map(machine())
    words = dict(zip(ENTRY_REGISTERS, entry_words(ListEntry(**values)), strict=True))
    found: dict[str, int] = {}
    for name, word in words.items():
        for part, value in registers[name].value_of(word).items():
            stem = name.removeprefix("ENTRY_").lower() if part == "value" else part
            if stem.endswith("_high"):
                found[stem.removesuffix("_high")] |= value << 32
            else:
                found[stem.removesuffix("_low")] = value
    assert found == values


def test_the_digest_is_of_the_hardware_and_of_nothing_else() -> None:
    first = digest(machine())
    assert first == digest(machine(note="other", technology="45nm", name="other"))
    assert len({first, digest(machine(**{"array.hold": 2})), digest(machine(host=None))}) == 3
    assert digest(machine(**{"bus.outstanding": 5})) != first

"""Beats of an array as words of a bus."""

from __future__ import annotations

import numpy as np
import pytest

from bitsim.errors import BitsimError
from bitsim.spec import catalog, encoding
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.link.axi4 import BusLayout
from bitsim.spec.phase import Phase

BUS = {
    "kind": "axi4",
    "data_bits": 128,
    "address_bits": 40,
    "weight_ports": 4,
    "burst_words": 16,
    "outstanding": 4,
    "read_fifo_words": 64,
    "write_fifo_words": 32,
    "list_entries": 256,
}


def machine(**changes: object) -> AcceleratorSpec:
    table = catalog.load_accelerator("dot_16x40").model_dump() | {"bus": BUS | changes}
    return AcceleratorSpec.model_validate(table)


def layout(**changes: object) -> BusLayout:
    made = machine(**changes)
    assert made.bus is not None
    return BusLayout(made.array, made.bus)


def test_words_of_the_default_array():
    words = layout()
    assert (words.port_feeds, words.step_words) == (4, 2)  # 4 x 8 bytes in 16
    assert (words.activation_words, words.result_words) == (3, 4)  # 40 and 64 bytes
    narrow = layout(data_bits=32, weight_ports=8)
    assert (narrow.step_words, narrow.activation_words, narrow.result_words) == (4, 10, 16)


def test_entry_of_a_phase_of_the_2b_model():
    phase = Phase(name="layers.0.down", n=2560, k=6912, m=9)
    entry = layout().entry(phase, 1 << 32, 4096, 64, 128)
    assert (entry.row_tiles, entry.k_beats, entry.groups, entry.passes) == (160, 173, 9, 3)
    assert entry.weights_words == 160 * 173 * 2
    assert entry.activations_words == 173 * 9 * 3
    assert entry.results_words == 160 * 9 * 4


def test_each_port_holds_its_own_columns():
    words = layout(data_bits=256, weight_ports=2)  # 8 x 8 bytes in two words of 32
    rng = np.random.default_rng(0)
    image = encoding.weight_image(rng.integers(-1, 2, (33, 90)).astype(np.int8), 16, 40, "base3")
    ports = words.weight_bytes(image)
    for port, stored in enumerate(ports):
        steps = stored.reshape(3, 3, 64)
        assert np.array_equal(steps, image[:, :, 8 * port : 8 * port + 8].reshape(3, 3, 64))


def test_padding_of_a_word_is_zero():
    words = layout(weight_ports=1, data_bits=512)
    stored = words.activation_bytes(np.full((2, 40), -1, np.int8)).reshape(2, 64)
    assert (stored[:, :40] == 255).all() and not stored[:, 40:].any()


def test_results_are_int32_whatever_the_accumulators_have():
    words = layout(data_bits=512)
    sums = np.arange(-16, 16, dtype=np.int32).reshape(2, 16) * 65537
    assert np.array_equal(words.result_sums(sums.view(np.uint8).reshape(-1)), sums)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"weight_ports": 3}, "weight_ports = 3 does not divide array.columns = 16"),
        ({"burst_words": 257}, "burst_words"),
        ({"data_bits": 512, "burst_words": 65, "read_fifo_words": 65, "write_fifo_words": 65},
         "no burst cross 4096"),
        ({"read_fifo_words": 15}, "read_fifo_words = 15 cannot hold a burst"),
        ({"write_fifo_words": 15}, "write_fifo_words = 15 cannot hold a burst"),
        ({"data_bits": 96}, "data_bits"),
        ({"outstanding": 0}, "outstanding"),
        ({"kind": "apb"}, "kind"),
    ],
)  # fmt: skip
def test_a_bus_that_cannot_be_built_is_refused(changes, fault):
    with pytest.raises(ValueError, match=fault):
        machine(**changes)


def test_counts_beyond_the_hardware_are_refused():
    big = Phase(name="big", n=16 * 65535, k=8190, m=65535)
    words = layout(data_bits=32)
    with pytest.raises(BitsimError, match="phase big: results_words"):
        words.entry(big, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("places", "fault"),
    [
        ((8, 4096, 0, 0), "weights_address = 8: it must be a multiple of a word's 16 bytes"),
        ((0, 4096, -16, 0), "phase p: activations_address = -16: it must be a multiple"),
        ((0, 4096, 0, 4090), "phase p: results_address = 4090: it must be a multiple"),
        ((0, 4088, 0, 0), "phase p: weights_stride = 4088: it must be a multiple of a word's 16"),
        ((0, 1 << 32, 0, 0), "weights_stride = 4294967296: .* from 0 to 4294967295"),
        # Two words of weights at port 3, three of activations, four of results: one word too high.
        ((2**40 - 3 * 64 - 16, 64, 0, 0), "ends at 1099511627792, beyond the 40 bits"),
        ((0, 64, 2**40 - 32, 0), "activations_address = 1099511627744: it ends at 1099511627792"),
        ((0, 64, 0, 2**40 - 48), "results_address = 1099511627728: .* place it lower, or raise"),
    ],
)  # fmt: skip
def test_addresses_that_a_master_cannot_read_or_write_are_refused(places, fault):
    words, phase = layout(), Phase(name="p", n=1, k=1, m=1)
    assert words.entry(phase, 2**40 - 3 * 64 - 32, 64, 2**40 - 48, 2**40 - 64).row_tiles == 1
    with pytest.raises(BitsimError, match=fault):
        words.entry(phase, *places)


def test_beats_of_the_ports_are_vectors_that_every_tool_takes() -> None:
    table = machine().model_dump()
    table["dma"]["weight_tile_bytes"] = 65536
    wide = {"columns": 256, "lanes": 256, "slices": 8, "weight_packing": "2bit", "hold": 1}
    table["array"] |= wide | {"activation_buffer_beats": 32}
    assert AcceleratorSpec.model_validate(table).array.slices == 8  # 65,536 bits of results
    table["bus"]["weight_ports"] = 1
    with pytest.raises(ValueError, match="beat of the 256 weight streams of a port is 131072 bits"):
        AcceleratorSpec.model_validate(table)
    table["bus"]["weight_ports"], table["array"]["slices"] = 4, 9
    table["array"]["accumulator_bits"] = 21
    with pytest.raises(
        ValueError, match=r"array.slices = 9 sums of 32 bits are a beat of 73728 bits"
    ):
        AcceleratorSpec.model_validate(table)


def test_no_module_has_a_name_that_is_verilogs_own() -> None:
    table = machine().model_dump()
    for name in ("wire", "int", "s_always", "uwire"):
        with pytest.raises(ValueError, match=f"name = '{name}': a word of Verilog's own"):
            AcceleratorSpec.model_validate(table | {"name": name})
    assert AcceleratorSpec.model_validate(table | {"name": "Wire"}).name == "Wire"

"""The dot array's description: at each limit, and one beyond."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from bitsim.errors import BitsimError
from bitsim.spec.array.dot import MAX_TILES, DotSpec
from bitsim.spec.base import check
from bitsim.spec.phase import Phase

SMALL = {
    "dataflow": "dot",
    "columns": 4,
    "lanes": 8,
    "slices": 2,
    "hold": 3,
    "weight_packing": "base3",
    "tree_stages": 1,
    "accumulator_bits": 16,
    "max_k": 128,
    "weight_fifo_beats": 4,
    "activation_buffer_beats": 48,
    "result_fifo_beats": 2,
    "skip": "gate",
}


def dot(**changes: object) -> DotSpec:
    return DotSpec.model_validate(SMALL | changes)


def fault(**changes: object) -> str:
    with pytest.raises(ValidationError) as caught:
        dot(**changes)
    return str(caught.value)


@pytest.mark.parametrize(
    ("field", "least", "most", "with_it"),
    [
        ("columns", 1, 256, {}),
        ("lanes", 1, 256, {"tree_stages": 0, "activation_buffer_beats": 1000}),
        ("slices", 1, 16, {}),
        ("hold", 1, 64, {"activation_buffer_beats": 16 * 64}),
        ("tree_stages", 0, 8, {"lanes": 256}),
        ("accumulator_bits", 9, 40, {"max_k": 1}),
        ("weight_fifo_beats", 2, 1024, {}),
        ("activation_buffer_beats", 1, 1 << 20, {"max_k": 1, "hold": 1}),
        ("result_fifo_beats", 2, 1024, {}),
        ("max_k", 1, MAX_TILES * 256, {"accumulator_bits": 40, "lanes": 256, "hold": 1}
         | {"activation_buffer_beats": 1 << 16}),
    ],
)  # fmt: skip
def test_every_size_is_taken_at_its_limits_and_refused_one_beyond(field, least, most, with_it):
    for value in (least, most):
        assert getattr(dot(**with_it, **{field: value}), field) == value
    for value in (least - 1, most + 1):
        assert field in fault(**with_it, **{field: value})


def test_the_accumulator_must_hold_max_k_products_of_minus_128():
    # 128 x 255 = 32640 < 2^15 fits 16 bits; 128 x 256 = 2^15 does not.
    roomy = {"activation_buffer_beats": 1000}
    assert dot(max_k=255, accumulator_bits=16, **roomy).max_k == 255
    text = fault(max_k=256, accumulator_bits=16, **roomy)
    assert "accumulator_bits = 16 overflows at max_k = 256" in text
    assert "needs 17 bits" in text
    assert dot(max_k=256, accumulator_bits=17, **roomy).max_k == 256


def test_the_activation_buffer_must_hold_one_block():
    # ceil(128 / 8) x 3 = 48 beats
    assert dot(activation_buffer_beats=48).activation_buffer_beats == 48
    assert "cannot hold one block: ceil(max_k / lanes) x hold = 48" in fault(
        activation_buffer_beats=47
    )


def test_max_k_makes_no_more_beats_than_the_array_counts() -> None:
    wide = {"lanes": 1, "hold": 1, "tree_stages": 0, "accumulator_bits": 40}
    assert dot(max_k=MAX_TILES, activation_buffer_beats=MAX_TILES, **wide).max_k == MAX_TILES
    message = fault(max_k=MAX_TILES + 1, activation_buffer_beats=MAX_TILES + 1, **wide)
    assert f"max_k = {MAX_TILES + 1} makes {MAX_TILES + 1} beats of 1 lanes" in message


def test_the_tree_has_at_most_a_register_for_each_level():
    assert dot(lanes=8, tree_stages=3).tree_levels == 3
    assert "more than the 3 levels" in fault(lanes=8, tree_stages=4)
    assert dot(lanes=1, tree_stages=0, activation_buffer_beats=400).tree_levels == 0


def test_all_faults_across_fields_come_at_once():
    text = fault(accumulator_bits=9, activation_buffer_beats=1, tree_stages=8)
    assert "accumulator_bits = 9" in text
    assert "activation_buffer_beats = 1" in text
    assert "tree_stages = 8" in text


@pytest.mark.parametrize(
    ("lanes", "levels", "sum_bits"), [(1, 0, 9), (2, 1, 10), (3, 2, 11), (40, 6, 15), (256, 8, 17)]
)
def test_a_column_sum_has_room_for_every_lane_at_its_worst(lanes, levels, sum_bits):
    spec = dot(lanes=lanes, tree_stages=0, activation_buffer_beats=400)
    assert (spec.tree_levels, spec.sum_bits) == (levels, sum_bits)
    assert lanes * 128 < 1 << (sum_bits - 1)  # -(-128) in every lane


def test_derived_sizes():
    spec = dot()
    assert spec.beat_bytes == 2  # 8 base-3 digits
    assert spec.peak_products == 4 * 8 * 2
    assert spec.latency_cycles == 1 + 4


def test_tiling_counts_what_the_loops_of_the_machine_count():
    spec = dot()
    for n, k, m in [(1, 1, 1), (4, 8, 2), (5, 9, 3), (12, 128, 13), (11, 127, 12)]:
        tiling = spec.tiling(Phase(name="p", n=n, k=k, m=m))
        row_tiles, k_beats = -(-n // 4), -(-k // 8)
        groups = list(range(0, m, 2))
        blocks = [groups[first : first + 3] for first in range(0, len(groups), 3)]
        steps = weight_beats = results = activation_beats = 0
        for block in blocks:
            activation_beats += k_beats * len(block)
            for _ in range(row_tiles):
                for _ in range(k_beats):
                    weight_beats += 1
                    steps += len(block)
                results += len(block)
        assert tiling.blocks == len(blocks)
        assert tiling.busy_cycles == steps
        assert tiling.weight_beats == weight_beats
        assert tiling.activation_beats == activation_beats
        assert tiling.result_beats == results


def test_a_phase_is_refused_one_beyond_what_the_array_counts_to():
    spec = dot()
    assert spec.tiling(Phase(name="p", n=1, k=128, m=1)).k_beats == 16
    with pytest.raises(BitsimError, match=r"phase p: k = 129 is above the array's max_k = 128"):
        spec.tiling(Phase(name="p", n=1, k=129, m=1))
    assert spec.tiling(Phase(name="p", n=4 * MAX_TILES, k=1, m=1)).row_tiles == MAX_TILES
    with pytest.raises(BitsimError, match=r"n makes 65536 tiles"):
        spec.tiling(Phase(name="p", n=4 * MAX_TILES + 1, k=1, m=1))
    assert spec.tiling(Phase(name="p", n=1, k=1, m=2 * MAX_TILES)).groups == MAX_TILES
    with pytest.raises(BitsimError, match=r"m makes 65536 tiles"):
        spec.tiling(Phase(name="p", n=1, k=1, m=2 * MAX_TILES + 1))


def test_a_result_beat_is_a_vector_that_every_tool_takes() -> None:
    wide = {"columns": 256, "slices": 16, "accumulator_bits": 16}
    assert dot(**wide).columns == 256  # 65,536 bits
    assert "result beat of 69632 bits; Verilog's vectors have at most 65536" in fault(
        **wide | {"accumulator_bits": 17}
    )


def test_the_activation_buffer_is_no_larger_than_a_chip_may_have() -> None:
    wide = {"lanes": 64, "slices": 16, "activation_buffer_beats": 1 << 16}
    assert dot(**wide).lanes == 64
    assert "lanes x slices = 1024 bytes are 67109888; at most 67108864" in fault(
        **wide | {"activation_buffer_beats": (1 << 16) + 1}
    )


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("lanes", 0, "256 lanes make an adder tree of 8 levels"),
        ("weight_fifo_beats", 1, "with one place a beat could come in every other cycle only"),
        ("accumulator_bits", 8, "9 bits hold one product, -(-128)"),
    ],
)
def test_a_bound_is_told_with_its_reason(field: str, value: int, why: str) -> None:
    with pytest.raises(
        BitsimError, match=rf"x\.toml: {field} = {value}: Input should be .*"
    ) as said:
        check(DotSpec, SMALL | {field: value}, "x.toml")
    assert why in str(said.value)

"""The front against its definition, by brute force."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bitsim.sweeps import Evaluation, pareto_front


def design(index: int, tokens_per_s: float, j_per_token: float, mm2: float) -> Evaluation:
    return Evaluation(
        index=index, settings={}, cycles=1, seconds=1.0, tokens_per_s=tokens_per_s,
        utilization=1.0, energy_j_per_token=j_per_token, total_area_mm2=mm2, stall_cycles={},
        energy_j={}, area_mm2={},
    )  # fmt: skip


def beaten(one, by) -> bool:
    no_worse = by[0] >= one[0] and by[1] <= one[1] and by[2] <= one[2]
    return no_worse and by != one


FEW = st.integers(0, 4).map(float)


@settings(max_examples=200)
@given(points=st.lists(st.tuples(FEW, FEW, FEW), max_size=25))
@example(points=[(1.0, 1.0, 1.0), (1.0, 1.0, 1.0)])  # equals do not beat each other
@example(points=[(2.0, 1.0, 1.0), (1.0, 1.0, 1.0), (3.0, 2.0, 2.0)])
def test_the_front_is_what_nobody_beats(points):
    front = pareto_front(design(i, *point) for i, point in enumerate(points))
    expected = {
        i for i, point in enumerate(points) if not any(beaten(point, other) for other in points)
    }
    assert {each.index for each in front} == expected
    speeds = [each.tokens_per_s for each in front]
    assert speeds == sorted(speeds, reverse=True)

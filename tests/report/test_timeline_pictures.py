"""Timeline pictures keep every cycle, also where records are joined."""

import re

import pytest

from bitsim.report.timeline import chart as timeline_chart
from bitsim.report.timeline.chart import Block, Lane


def areas(picture, name):
    """Area of a class in cycles x height, from the paths themselves."""
    bodies = re.findall(rf'class="fill-{name}" d="([^"]*)"', str(picture))
    boxes = re.findall(r"M-?\d+ \d+h(\d+)v(\d+)h-\d+z", " ".join(bodies))
    return sum(int(width) * int(height) for width, height in boxes)


def test_the_area_of_a_class_is_its_cycles(small):
    [array] = [lane for lane in timeline_chart.whole_run(small).lanes if lane.name == "array"]
    # Heights are whole hundredths, so a block may be off by half of one of its width.
    tolerance = small.counts.cycles / 2
    assert areas(array.picture, "busy") == pytest.approx(100 * small.counts.busy, abs=tolerance)
    waits = small.counts.wait_weights
    assert areas(array.picture, "weights") == pytest.approx(100 * waits, abs=tolerance)


def test_joined_blocks_keep_their_sums_and_cover_their_span():
    lane = Lane(
        "array",
        (
            Block(0, 10, (("busy", 8.0), ("drain", 2.0)), "a"),
            Block(12, 20, (("busy", 8.0),), "b"),
            Block(100, 110, (("drain", 10.0),), "c"),
        ),
    )
    first, last = timeline_chart._join(lane, 2).blocks
    assert (first.start, first.end, dict(first.areas)) == (0, 20, {"busy": 16.0, "drain": 2.0})
    assert (last.start, last.end) == (100, 110)
    assert len(timeline_chart._join(lane, 1).blocks) == 3
    assert len(timeline_chart._join(lane, 80).blocks) == 1


def test_a_pass_is_shown_record_by_record_with_its_name(small):
    chosen = small.passes[-1]
    timeline = timeline_chart.one_pass(small, chosen)
    assert (timeline.start, timeline.end) == (chosen.start_cycle, chosen.end_cycle)
    text = "".join(str(lane.picture) for lane in timeline.lanes)
    names = {p.name for p in small.phases if p.pass_index == chosen.index}
    assert names <= set(re.findall(r'data-tip="(\S+) \d+ x', text))
    assert text.count("data-tip") == timeline.records


def test_of_a_very_long_pass_the_beginning_is_shown(small, monkeypatch):
    monkeypatch.setattr(timeline_chart, "MOST_DETAIL", 20)
    chosen = small.passes[-1]
    timeline = timeline_chart.one_pass(small, chosen)
    assert timeline.end < chosen.end_cycle
    assert timeline.title.endswith("its beginning")
    assert 0 < timeline.records <= 21


def test_lanes_use_paths_since_browsers_clamp_a_rectangle_at_2_to_the_25(large):
    for lane in timeline_chart.whole_run(large).lanes:
        assert "<rect" not in str(lane.picture)

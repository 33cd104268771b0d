"""Each rule of docs/machine.md, in the cycle before and in the cycle."""

from __future__ import annotations

import numpy as np
import pytest

from bitsim.array.protocol import NEVER, Pause
from bitsim.spec.counts import ArrayCounts
from bitsim.spec.phase import Phase

NOTHING = np.empty(0, np.int64)


def begin(array, tiles, beats, m=1, offered=0):
    """Offer a phase of whole tiles and beats."""
    n, k = tiles * array.spec.columns, beats * array.spec.lanes
    array.begin(Phase(name="test", n=n, k=k, m=m), offered, None, None)


@pytest.mark.parametrize("tree_stages", [0, 1, 2])
def test_an_unstalled_phase_takes_its_steps_and_the_latency(array, machine, finish, tree_stages):
    done = finish(array(machine(tree_stages=tree_stages, hold=2)), tiles=5, beats=7, m=3)
    assert done.counts.busy == 5 * 7 * 3
    assert done.counts.drain == tree_stages + 4
    assert done.counts.cycles == 5 * 7 * 3 + tree_stages + 4
    assert (done.accept_cycle, done.first_cycle) == (0, 1)
    assert done.end_cycle == 1 + done.counts.cycles


@pytest.mark.parametrize(("arrival", "waits"), [(0, 0), (1, 1), (2, 2), (50, 50)])
def test_a_weight_beat_can_be_used_in_the_cycle_after_its_transfer(array, finish, arrival, waits):
    done = finish(array(weights=[arrival]), tiles=1, beats=1)
    assert done.counts == ArrayCounts(cycles=waits + 5, busy=1, wait_weights=waits, drain=4)


@pytest.mark.parametrize(("arrival", "waits"), [(0, 0), (1, 1), (2, 2), (50, 50)])
def test_an_activation_beat_can_be_used_in_the_cycle_after_its_transfer(
    array, finish, arrival, waits
):
    done = finish(array(activations=[arrival]), tiles=1, beats=1)
    assert done.counts == ArrayCounts(cycles=waits + 5, busy=1, wait_activations=waits, drain=4)


def test_one_late_column_holds_all_columns(array, machine, finish):
    spec = machine(columns=3)
    done = finish(array(spec, weights=[[0, 0], [0, 9], [0, 4]]), tiles=1, beats=2)
    assert done.counts.wait_weights == 9 - 1  # busy in 1, waiting in 2 to 9
    assert done.counts.busy == 2


def test_the_first_cause_that_applies_is_the_one_that_counts(array, machine, finish):
    spec = machine(result_fifo_beats=2)
    late = array(spec, weights=[0, 0, 20], activations=[0], takes=[40, 0, 0])
    done = finish(late, tiles=3, beats=1)
    assert done.counts.wait_weights == 18  # 3 to 20, though no result place is free either
    assert done.counts.wait_results == 20  # 21 to 40
    spec = machine(result_fifo_beats=2, hold=3)
    late = array(spec, weights=[0], activations=[0, 0, 30], takes=[40, 0, 0])
    done = finish(late, tiles=1, beats=1, m=3)
    assert done.counts.wait_activations == 28  # 3 to 30
    assert done.counts.wait_results == 10  # 31 to 40
    late = array(weights=[7], activations=[9])
    done = finish(late, tiles=1, beats=1)
    assert (done.counts.wait_weights, done.counts.wait_activations) == (7, 2)


@pytest.mark.parametrize("depth", [2, 5])
def test_a_weight_queue_takes_a_beat_a_cycle_until_it_is_full(array, machine, depth):
    spec = machine(weight_fifo_beats=depth)
    short = array(spec, weights=[0] * (depth - 1))
    assert short.idle_until(100) == Pause(depth - 1, "weights")
    full = array(spec, weights=[0] * depth)
    assert full.idle_until(100) == Pause(100, None)


def test_a_full_queue_has_room_in_the_cycle_after_its_head_left(array, machine):
    full = array(machine(weight_fifo_beats=2), weights=[0, 0])
    begin(full, tiles=1, beats=9, offered=10)
    assert full.advance() == Pause(12, "weights")  # accepted in 10, issued in 11


def test_the_head_of_the_queues_leaves_with_the_last_group(array, machine):
    full = array(machine(weight_fifo_beats=2, hold=4, max_k=30), weights=[0, 0])
    begin(full, tiles=1, beats=9, m=4, offered=10)
    assert full.advance() == Pause(15, "weights")  # issued in 11 to 14
    shorter_block = array(machine(weight_fifo_beats=2, hold=64, max_k=3), weights=[0, 0])
    begin(shorter_block, tiles=9, beats=1, m=3, offered=10)
    assert shorter_block.advance() == Pause(14, "weights")


def test_the_activation_buffer_takes_a_beat_a_cycle_until_it_is_full(array, machine):
    spec = machine(activation_buffer_beats=3, max_k=9)
    assert array(spec, activations=[0, 0]).idle_until(100) == Pause(2, "activations")
    assert array(spec, activations=[0, 0, 0]).idle_until(100) == Pause(100, None)


def test_only_the_last_row_tile_gives_activations_up(array, machine):
    full = array(machine(activation_buffer_beats=3, max_k=9), activations=[0, 0, 0])
    begin(full, tiles=2, beats=3, m=2, offered=10)
    assert full.advance() == Pause(15, "activations")  # issues: tile 0 in 11 to 13, tile 1 from 14


def test_every_row_tile_of_a_block_reads_the_same_activations(array, machine, finish):
    spec = machine(activation_buffer_beats=6, max_k=9, hold=2)
    late = array(spec, activations=[0] * 6 + [50] * 6)
    done = finish(late, tiles=4, beats=3, m=4)
    # The first block issues in 1 to 24 and frees its last beat in 24; beat 6 is transferred in 50.
    assert done.counts.wait_activations == 51 - 25
    assert done.counts.busy == 4 * 3 * 4


def test_a_step_of_the_last_k_beat_needs_a_result_place(array, machine, finish):
    spec = machine(result_fifo_beats=2)
    done = finish(array(spec, takes=[100, 0, 0, 0]), tiles=3, beats=1)
    # Issued in 1 and 2; the first result leaves in 100, so its place is free in 101.
    assert done.counts == ArrayCounts(cycles=105, busy=3, wait_results=98, drain=4)


def test_the_other_k_beats_need_none(array, machine, finish):
    spec = machine(result_fifo_beats=2)
    done = finish(array(spec, takes=[100, 0, 0, 0]), tiles=3, beats=2)
    assert done.counts.wait_results == 100 - 5  # busy in 1 to 5; 6 to 100; busy in 101
    assert done.end_cycle == 101 + 4 + 1


@pytest.mark.parametrize("tree_stages", [0, 1, 2])
def test_a_result_is_offered_after_the_latency(array, machine, tree_stages):
    waiting = array(machine(tree_stages=tree_stages), takes=[])
    begin(waiting, tiles=1, beats=6)
    assert waiting.advance() == Pause(6 + 4 + tree_stages, "results")  # the last issue is in 6


def test_results_leave_one_a_cycle(array, machine, finish):
    done = finish(array(machine(result_fifo_beats=3), takes=[50, 0, 0]), tiles=3, beats=1)
    assert done.end_cycle == 50 + 2 + 1
    assert done.counts.drain == 52 - 3


def test_the_cycle_that_takes_the_last_result_is_the_last(array, finish):
    assert finish(array(takes=[5]), tiles=1, beats=1).end_cycle == 6  # offered in 5
    assert finish(array(takes=[6]), tiles=1, beats=1).end_cycle == 7


@pytest.mark.parametrize(("offered", "accepted"), [(0, 6), (5, 6), (6, 6), (7, 7), (90, 90)])
def test_the_next_phase_is_accepted_in_the_first_idle_cycle(array, finish, offered, accepted):
    two = array()
    assert finish(two, tiles=1, beats=1).end_cycle == 6
    second = finish(two, tiles=1, beats=1, offered=offered)
    assert (second.accept_cycle, second.first_cycle) == (accepted, accepted + 1)


def test_queues_and_buffer_fill_for_the_next_phase_while_one_runs(array, machine, finish):
    spec = machine(weight_fifo_beats=2, activation_buffer_beats=4, max_k=3)
    two = array(spec, weights=[0, 0, 0], activations=[0, 0, 0, 0, 0, 500], takes=[30, 0, 0, 0])
    first = finish(two, tiles=1, beats=1)
    assert first.end_cycle == 31
    second = finish(two, tiles=2, beats=1)
    assert second.counts == ArrayCounts(cycles=2 + 4, busy=2, drain=4)


def test_counters_begin_again_with_every_phase(array, finish):
    two = array(weights=[40] + [0] * 20)
    assert finish(two, tiles=1, beats=1).counts.wait_weights == 40
    assert finish(two, tiles=1, beats=1).counts == ArrayCounts(cycles=5, busy=1, drain=4)


def test_activation_beats_of_a_phase_follow_those_of_the_one_before(array, machine, finish):
    spec = machine(activation_buffer_beats=4, max_k=6, hold=2)
    two = array(spec, activations=[0, 0, 0, 0, 0, 0, 300, 0])
    first = finish(two, tiles=2, beats=2, m=3)  # a block of 2 groups and one of 1: 6 beats
    assert first.counts.wait_activations == 0
    second = finish(two, tiles=1, beats=2, offered=200)
    assert second.counts.wait_activations == 300 - 200


def test_a_phase_that_can_never_end_is_a_broken_promise(array, machine):
    for leap in (True, False):
        stuck = array(weights=[0])
        stuck._leap = leap
        stuck.silence("weights", NEVER)
        begin(stuck, tiles=1, beats=2)
        with pytest.raises(AssertionError, match="nothing will ever happen"):
            stuck.advance()


def test_an_empty_piece_of_schedule_changes_nothing(array):
    short = array(weights=[0])
    short.silence("weights", 50)
    short.offer_weights(NOTHING)
    assert short.idle_until(100) == Pause(50, "weights")

"""The accelerator's cycle model against one that moves every word: every value, cycle, counter."""

from __future__ import annotations

import numpy as np
import pytest

from bitsim.agreement.top_case import ListWork, TopCase
from bitsim.agreement.top_random import random_top_case
from bitsim.array.top import DotTop
from bitsim.array.top_result import Bursts, ListResult
from tests.array.plain_memory import images, output_of
from tests.array.plain_top import PlainTop

SEED = 7
CASES = 40
BURST_FIELDS = tuple(Bursts.__dataclass_fields__)


def assert_same(case: TopCase, work: ListWork, result: ListResult, plain: PlainTop) -> None:
    for job, entry, phase, its in zip(
        work.jobs, work.entries, result.phases, plain.array.log, strict=True
    ):
        assert (phase.accept_cycle, phase.end_cycle) == (its["accept_cycle"], its["end_cycle"])
        for counter, count in its["counts"].items():
            assert getattr(phase.counts, counter) == count, counter
        assert phase.counts.cycles == phase.end_cycle - phase.accept_cycle - 1
        size = entry.results_words * case.layout.bus.word_bytes
        stored = np.frombuffer(plain.store.read(entry.results_address, size), np.uint8)
        assert np.array_equal(phase.stored, stored)
        assert np.array_equal(phase.output, job.expected())
        assert np.array_equal(output_of(case.layout, job, stored), job.expected())
    assert (result.end_cycle, result.list_cycles) == (plain.t, plain.list_cycles)
    assert result.weight_words == tuple(port.words for port in plain.weights)
    assert result.activation_words == plain.activations.words
    assert result.result_words == plain.results.words
    ports = [*plain.weights, plain.activations, plain.results]
    logs = [*result.weight_bursts, result.activation_bursts, result.result_bursts]
    for port, log in zip(ports, logs, strict=True):
        for field in BURST_FIELDS:
            assert getattr(log, field).tolist() == [burst[field] for burst in port.log], field


@pytest.mark.parametrize("index", range(CASES))
@pytest.mark.parametrize("leap", [True, False])
def test_every_word_cycle_and_counter_is_that_of_the_plain_machine(index: int, leap: bool) -> None:
    case = random_top_case(SEED, index)
    top = DotTop(case.layout, case.world, leap)
    plain = PlainTop(case.layout, case.world, images(case))
    for pause, work in enumerate(case.lists):
        start = top.cycle + 11 * pause + index % 5
        plain.run(work.entries, start)
        assert_same(case, work, top.run(work.entries, start, work.jobs), plain)

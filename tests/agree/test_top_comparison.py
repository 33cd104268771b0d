"""The comparison of accelerators finds every kind of difference: one number changed at a time."""

from __future__ import annotations

import tomllib
from dataclasses import fields, replace
from functools import cache

import numpy as np
import pytest

from bitsim.agreement.lists.case import reproduction
from bitsim.agreement.lists.compare import compare, run_model
from bitsim.agreement.tally import Agreement
from bitsim.link.result import ListResult
from bitsim.spec.counts import ArrayCounts
from bitsim.verilated.lists.replay import (
    BusCounts,
    ListOutcome,
    ReadBurst,
    TopOutcome,
    TopPhase,
    WriteBurst,
)
from tests.cases.lists import named_top_cases
from tests.cases.result_forms import named_form_cases

CASE = next(case for case in named_top_cases() if case.name == "everything_slow_held")


@cache
def modelled() -> list[ListResult]:
    """What the cycle model says: simulated once, and not while tests are collected."""
    return run_model(CASE)


def bursts_of(kind, pieces):
    names = ["address", "words", "accept_cycle", "first_word_cycle", "last_word_cycle"]
    names += ["response_cycle"] if kind is WriteBurst else []
    columns = [[int(n) for piece in pieces for n in getattr(piece, name)] for name in names]
    return tuple(kind(*burst) for burst in zip(*columns, strict=True))


@pytest.fixture
def outcome() -> TopOutcome:
    """What hardware that agrees would have said."""
    ports = CASE.layout.bus.weight_ports
    return TopOutcome(
        lists=tuple(
            ListOutcome(
                start_cycle=each.start_cycle,
                end_cycle=each.end_cycle,
                errors=each.errors,
                bus=BusCounts(
                    each.list_cycles, each.weight_words, each.activation_words, each.result_words
                ),
                array=each.counts,
            )
            for each in modelled()
        ),
        phases=tuple(
            TopPhase(phase.accept_cycle, phase.end_cycle, job.expected(), None, phase.stored)
            for job, phase in zip(
                CASE.jobs, (phase for each in modelled() for phase in each.phases), strict=True
            )
        ),
        reads=(
            *(
                bursts_of(ReadBurst, [each.weight_bursts[port] for each in modelled()])
                for port in range(ports)
            ),
            bursts_of(ReadBurst, [each.activation_bursts for each in modelled()]),
        ),
        writes=bursts_of(WriteBurst, [each.result_bursts for each in modelled()]),
        faults=(),
    )


def with_last(items, **changes):
    return (*items[:-1], replace(items[-1], **changes))


def found(outcome: TopOutcome) -> tuple[int, int, int, int]:
    agreement = compare(CASE, modelled(), outcome)
    assert agreement.agrees == (agreement.differences == [])
    return (
        agreement.value_mismatches,
        agreement.cycle_mismatches,
        agreement.counter_mismatches,
        agreement.rule_faults,
    )


def test_hardware_that_says_the_same_agrees(outcome: TopOutcome) -> None:
    assert found(outcome) == (0, 0, 0, 0)
    agreement = compare(CASE, modelled(), outcome)
    assert agreement.phases == len(CASE.jobs)


@pytest.mark.parametrize("cycle", ["start_cycle", "end_cycle"])
def test_a_list_that_is_a_cycle_off_is_found(outcome: TopOutcome, cycle: str) -> None:
    late = getattr(outcome.lists[-1], cycle) + 1
    assert found(replace(outcome, lists=with_last(outcome.lists, **{cycle: late})))[1] == 1


@pytest.mark.parametrize("counter", [field.name for field in fields(ArrayCounts)])
def test_each_counter_of_the_array_is_compared(outcome: TopOutcome, counter: str) -> None:
    counts = outcome.lists[-1].array
    off = replace(counts, **{counter: getattr(counts, counter) + 1})
    assert found(replace(outcome, lists=with_last(outcome.lists, array=off))) == (0, 0, 1, 0)


def test_each_counter_of_the_bus_and_the_error_bits_are_compared(outcome: TopOutcome) -> None:
    bus = outcome.lists[-1].bus
    wrong = replace(
        bus,
        list_cycles=bus.list_cycles + 1,
        weight_words=(*bus.weight_words[:-1], bus.weight_words[-1] - 1),
        activation_words=bus.activation_words + 1,
        result_words=bus.result_words + 1,
    )
    off = with_last(outcome.lists, bus=wrong, errors=4)
    assert found(replace(outcome, lists=off)) == (0, 0, 5, 0)


@pytest.mark.parametrize("cycle", ["accept_cycle", "end_cycle"])
def test_a_phase_that_is_a_cycle_off_is_found(outcome: TopOutcome, cycle: str) -> None:
    early = getattr(outcome.phases[-1], cycle) - 1
    assert found(replace(outcome, phases=with_last(outcome.phases, **{cycle: early})))[1] == 1


def test_one_wrong_value_is_found(outcome: TopOutcome) -> None:
    wrong = outcome.phases[-1].output.copy()
    wrong[-1, -1] ^= np.int32(1)
    off = with_last(outcome.phases, output=wrong)
    assert found(replace(outcome, phases=off)) == (1, 0, 0, 0)


def test_a_wrong_byte_of_padding_is_found(outcome: TopOutcome) -> None:
    stored = outcome.phases[-1].stored.copy()
    stored[-1] ^= np.uint8(1)
    off = with_last(outcome.phases, stored=stored)
    assert found(replace(outcome, phases=off)) == (1, 0, 0, 0)


@pytest.mark.parametrize("number", [field.name for field in fields(WriteBurst)])
def test_each_number_of_a_written_burst_is_compared(outcome: TopOutcome, number: str) -> None:
    off = with_last(outcome.writes, **{number: getattr(outcome.writes[-1], number) + 1})
    assert found(replace(outcome, writes=off)) == (0, 1, 0, 0)


@pytest.mark.parametrize("port", range(CASE.layout.bus.weight_ports + 1))
@pytest.mark.parametrize("number", [field.name for field in fields(ReadBurst)])
def test_each_number_of_a_read_burst_of_each_port_is_compared(
    outcome: TopOutcome, port: int, number: str
) -> None:
    off = list(outcome.reads)
    off[port] = with_last(off[port], **{number: getattr(off[port][-1], number) + 1})
    assert found(replace(outcome, reads=tuple(off))) == (0, 1, 0, 0)


def test_what_is_missing_and_broken_rules_are_found(outcome: TopOutcome) -> None:
    assert found(replace(outcome, lists=outcome.lists[:-1]))[1] == 1
    assert found(replace(outcome, phases=outcome.phases[:-1]))[1] == 1
    assert found(replace(outcome, writes=outcome.writes[:-1]))[1] == 1
    assert found(replace(outcome, reads=((), *outcome.reads[1:])))[1] > 1
    assert found(replace(outcome, faults=("results: a word was written twice",)))[3] == 1


def test_a_failing_case_is_printed_so_that_it_can_be_made_again(outcome: TopOutcome) -> None:
    off = replace(outcome, faults=("broken",))
    whole = Agreement()
    whole.enter(CASE.name, compare(CASE, modelled(), off), reproduction(CASE))
    assert (whole.cases, whole.agrees, len(whole.failures)) == (1, False, 1)
    assert whole.failures[0].differences == ("Verilog: broken",)
    text = whole.failures[0].reproduction
    tables = tomllib.loads(text)
    assert text.startswith("# everything_slow_held: tests.cases.lists")
    assert tables["array"] == CASE.layout.array.model_dump()
    assert tables["bus"] == CASE.layout.bus.model_dump(exclude_none=True)
    assert [len(each["phase"]) for each in tables["list"]] == [
        len(each.jobs) for each in CASE.lists
    ]
    ports = {"weights_0", "weights_1", "activations", "results"}
    assert set(tables["world"]) == ports | {"errors"}
    assert tables["world"]["results"]["response"] == CASE.world.results.response.tolist()
    with_stage = named_form_cases()[0]
    bus = with_stage.layout.bus
    assert tomllib.loads(reproduction(with_stage))["bus"] == bus.model_dump()

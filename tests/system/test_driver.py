"""The array stepped piece by piece, against the same schedules given to it at once."""

from __future__ import annotations

import numpy as np
import pytest

from bitsim.array import make_array
from bitsim.array.protocol import NEVER, STREAMS
from bitsim.system import Pass, driver, simulate_passes
from tests.system.small import machine_of

MACHINES = {
    "plain": machine_of(),
    "tiles of one beat": machine_of(
        {"weight_fifo_beats": 64}, dma={"weight_tile_bytes": 64, "result_tile_bytes": 64}
    ),
    "slow memory": machine_of(memory={"peak_gb_per_s": 0.3}),
    "no latency": machine_of(memory={"peak_gb_per_s": 500.0, "latency_ns": 0.0}),
    "far memory": machine_of(memory={"latency_ns": 5000.0}),
    "full activation buffer": machine_of({"max_k": 90, "hold": 1, "activation_buffer_beats": 9}),
    "many results": machine_of(
        {"result_fifo_beats": 2, "columns": 32, "lanes": 44},
        memory={"peak_gb_per_s": 2.0},
        dma={"weight_tile_bytes": 4096},
    ),
}


class Recorder:
    """An array that also writes down what it is given."""

    def __init__(self, spec, values):
        self.inner = make_array(spec, values)
        self.schedules = {stream: [] for stream in STREAMS}
        self.phases = []

    def begin(self, phase, offered_cycle, image, activations):
        self.phases.append((phase, offered_cycle))
        self.inner.begin(phase, offered_cycle, image, activations)

    def offer_weights(self, arrivals):
        self.schedules["weights"].append(arrivals)
        self.inner.offer_weights(arrivals)

    def offer_activations(self, arrivals):
        self.schedules["activations"].append(arrivals)
        self.inner.offer_activations(arrivals)

    def take_results(self, cycles):
        self.schedules["results"].append(cycles)
        self.inner.take_results(cycles)

    def __getattr__(self, name):
        return getattr(self.inner, name)


@pytest.mark.parametrize("name", MACHINES)
def test_no_promise_was_broken_and_no_beat_was_late(name, network, technology, monkeypatch):
    """Cycle for cycle what the contract says of these schedules, known beforehand."""
    accelerator, recorders = MACHINES[name], []

    def make(spec, values):
        recorders.append(Recorder(spec, values))
        return recorders[-1]

    monkeypatch.setattr(driver, "make_array", make)
    result = simulate_passes(accelerator, network, technology, [Pass(7, 0), Pass(1, 7)])
    (recorder,) = recorders

    array = make_array(accelerator.array, values=False)
    array.offer_weights(np.concatenate(recorder.schedules["weights"]))
    array.offer_activations(np.concatenate(recorder.schedules["activations"]))
    array.take_results(np.concatenate(recorder.schedules["results"]))
    for stream in STREAMS:
        array.silence(stream, NEVER)
    for record, (phase, offered_cycle) in zip(result.phases, recorder.phases, strict=True):
        array.begin(phase, offered_cycle, None, None)
        assert array.advance().needs is None
        found = array.result()
        assert found.first_cycle == record.start_cycle == offered_cycle + 1
        assert found.end_cycle == record.end_cycle
        counters = ("busy", "wait_weights", "wait_activations", "wait_results", "drain")
        for counter in counters:
            assert getattr(found.counts, counter) == getattr(record.counts, counter), counter

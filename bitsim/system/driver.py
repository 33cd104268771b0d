"""Steps the array in simulated time, together with DMA and memory."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from bitsim.array import make_array
from bitsim.array.protocol import NEVER, Pause, PhaseResult
from bitsim.memory.clock import Clock
from bitsim.memory.fetch import Fetch
from bitsim.memory.protocol import Memory
from bitsim.memory.traffic import Traffic
from bitsim.memory.write_back import WriteBack
from bitsim.program import beats
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.phase import Phase
from bitsim.system.feed import Feed


class Driver:
    """The array with the DMA around it.

    The array is stepped ahead of simulated time, but only as far as its schedules and the memory's
    promises reach: no beat can come before `Memory.earliest_arrival_cycle`. Simulated time then
    catches up to the cycle at which the array paused; before that, nothing depends on the array.
    """

    def __init__(
        self, env: Clock, memory: Memory, accelerator: AcceleratorSpec, values: bool
    ) -> None:
        self.array = make_array(accelerator.array, values)
        self._env = env
        self._memory = memory
        self._accelerator = accelerator
        probe = Phase(name="probe", n=1, k=1, m=1)  # tiles are cut alike in every phase
        self._weights = self._feed(beats.weights(accelerator, probe), self.array.offer_weights)
        self._activations = self._feed(
            beats.activations(accelerator, probe), self.array.offer_activations
        )
        self.array.silence("activations", NEVER)
        self._runs = 0
        self._full = False  # the array is idle and cannot take the rest of its tile
        env.process(self._fill())

    def expect(self, phase: Phase, traffic: Traffic) -> None:
        """Prefetch the weights of a phase, after the weights of all phases expected so far."""
        matrix, times = beats.matrix_beats(self._accelerator, phase)
        for _ in range(times):
            self._weights.fetch.add(matrix, traffic)

    @property
    def quiet(self) -> bool:
        """No phase runs, and until one does, none of the DMA here will ask for the bus."""
        fetch = self._weights.fetch
        return fetch.waits and (self._full or fetch.done)

    def run(
        self,
        phase: Phase,
        image: NDArray[np.uint8] | None,
        activations: NDArray[np.int8] | None,
        activation_traffic: Traffic,
        result_traffic: Traffic,
        digits: int = 1,
    ) -> Generator[simpy.Event, Any, PhaseResult]:
        """Process: one phase, from its activations in DRAM to its results in DRAM.

        digits  ternary digits of a row, if the rows are digits (`bitsim.spec.digits`)
        """
        env, array = self._env, self.array
        self._runs += 1
        self._full = False
        stream = beats.activations(self._accelerator, phase)
        self._activations.fetch.add(stream.beats, activation_traffic)
        stream = beats.results(self._accelerator, phase, digits)
        write_back = WriteBack(
            env,
            self._memory,
            stream.beats,
            stream.tile_beats,
            stream.beat_bytes,
            result_traffic,
            stream.joined,
        )
        array.take_results(write_back.next_tile())
        array.silence("activations", self._memory.earliest_arrival_cycle())
        array.begin(phase, env.now, image, activations)
        pause = array.advance()
        while pause.needs is not None:
            if pause.cycle > env.now:
                yield env.timeout(pause.cycle - env.now)
            if pause.needs == "results":
                array.take_results(write_back.next_tile())
            else:
                self._serve(pause)
            pause = array.advance()
        yield env.timeout(pause.cycle - env.now)
        result = array.result()
        assert result.end_cycle == env.now, (result.end_cycle, env.now)
        self._activations.asked()  # a phase that has ended has taken them all
        array.silence("activations", NEVER)
        env.process(self._fill())
        written_cycle = write_back.finish()
        yield env.timeout(written_cycle - env.now)
        return result

    def _serve(self, pause: Pause) -> None:
        """Give the array the next tile of the stream it asks for, or until when none can come."""
        feed = self._weights if pause.needs == "weights" else self._activations
        feed.asked()
        if feed.offer():
            return
        nothing_comes = feed.fetch.done
        until = NEVER if nothing_comes else self._memory.earliest_arrival_cycle()
        assert pause.needs is not None
        self.array.silence(pause.needs, until)

    def _fill(self) -> Generator[simpy.Event, Any, None]:
        """Process between two phases: weights that come move on into the array's queues."""
        env, feed, run = self._env, self._weights, self._runs
        while self._runs == run:
            if not feed.holds and not feed.offer():
                yield feed.fetch.next_ready()
                continue
            yield env.timeout(max(0, feed.last_arrival_cycle + 1 - env.now))
            if self._runs != run:
                return
            if self.array.idle_until(env.now).needs != "weights":
                self._full = True  # its queues have no room for all of the tile
                return
            feed.asked()

    def _feed(self, stream: beats.StreamBeats, offer: Any) -> Feed:
        fetch = Fetch(self._env, self._memory, stream.tile_beats, stream.beat_bytes)
        return Feed(fetch, offer)

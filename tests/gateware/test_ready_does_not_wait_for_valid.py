"""No path through the array's logic from the `valid` of an input to the `ready` of any."""

from __future__ import annotations

from amaranth.sim import Simulator, SimulatorContext

from bitsim.gateware.array.dataflows import make_array
from bitsim.spec.accelerator import AcceleratorSpec


def test_ready_is_the_same_whatever_is_offered(small: AcceleratorSpec) -> None:
    top = make_array(small.array)
    inputs = [top.phases, top.activations, *top.weights]
    readies: list[set[tuple[int, ...]]] = []

    async def bench(ctx: SimulatorContext) -> None:
        for cycle in range(40):
            seen = set()
            for offered in (0, 1, cycle & 1):  # the last is what the edge sees
                for stream in inputs:
                    ctx.set(stream.valid, offered)
                ctx.set(top.results.ready, offered)
                await ctx.delay(1e-8)
                seen.add((*(ctx.get(s.ready) for s in inputs), ctx.get(top.results.valid)))
            readies.append(seen)
            await ctx.tick()

    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert all(len(seen) == 1 for seen in readies)
    assert len(set.union(*readies)) > 2, "nothing ever changed"

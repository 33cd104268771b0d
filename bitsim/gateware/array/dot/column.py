"""One column: its weight queue, its decoder, and lanes, tree and accumulators of each slice."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from bitsim.gateware.array.dot.decoder import CODE, Decoder
from bitsim.gateware.array.dot.weight_queue import WeightQueue
from bitsim.gateware.lanes import Fabric, Lane, fabric_of
from bitsim.gateware.lanes.tree import ACTIVATION_BITS, Term, count_flags, count_stages
from bitsim.gateware.once import Platform, once
from bitsim.spec.array.dot import DotSpec
from bitsim.units import BITS_PER_BYTE


class Column(wiring.Component):
    """Adds, subtracts or skips each activation; keeps one sum for each slice and group.

    A step is issued in cycle t (docs/machine.md); what each port means in time:

    weights                          beats of this column
    available                        a weight beat is held
    read, pop            t           take the head into the packed register; let it go
    decode               t + 1       the packed register holds a new beat
    activations          t + 2       (slices, lanes) int8, held while no step passes
    activation_nonzero   t + 2       the same, each as "is not 0"
    worked, subtracted   t + 2 + n   how many lanes added or subtracted in cycle t + 2, and how many
                                     subtracted; n = `count_stages(T)`
    accumulate           t + 2 + T   the tree's sum belongs to a step: add it to the sum of `group`
    replace                          with it: first K beat, forget the sum before
    finish                           with it: last K beat, the sum is ready
    sums                 t + 3 + T   (slices,) sums of a step that had `finish`
    """

    module = "column"
    clocked = True

    def __init__(self, spec: DotSpec) -> None:
        self.spec = spec
        lanes = spec.slices * spec.lanes
        super().__init__(
            {
                "weights": In(stream.Signature(spec.beat_bytes * BITS_PER_BYTE)),
                "available": Out(1),
                "read": In(1),
                "pop": In(1),
                "decode": In(1),
                "activations": In(lanes * ACTIVATION_BITS),
                "activation_nonzero": In(lanes),
                "accumulate": In(1),
                "replace": In(1),
                "finish": In(1),
                "group": In(range(max(2, spec.hold))),
                "sums": Out(spec.slices * spec.accumulator_bits),
                "worked": Out(range(lanes + 1)),
                "subtracted": Out(range(lanes + 1)),
            }
        )

    @once
    def elaborate(self, platform: Platform | None) -> Module:
        m = Module()
        spec = self.spec
        m.submodules.queue = queue = WeightQueue(len(self.weights.payload), spec.weight_fifo_beats)
        wiring.connect(m, wiring.flipped(self.weights), queue.beats)
        m.d.comb += [
            self.available.eq(queue.available),
            queue.read.eq(self.read),
            queue.pop.eq(self.pop),
        ]
        codes = self._decode(m, queue.head)
        fabric = fabric_of(platform)
        sums = [self._slice(m, fabric, s, codes) for s in range(spec.slices)]
        self._count(m, codes)
        self._accumulate(m, sums)
        return m

    def _decode(self, m: Module, packed: Signal) -> data.View:
        """The codes of all lanes, in registers; places of the last byte beyond them are dropped."""
        decoders = [Decoder(self.spec.weight_packing) for _ in range(self.spec.beat_bytes)]
        for index, decoder in enumerate(decoders):
            m.submodules[f"decoder_{index}"] = decoder
            m.d.comb += decoder.packed_byte.eq(packed.word_select(index, BITS_PER_BYTE))
        layout = data.ArrayLayout(CODE, self.spec.lanes)
        codes = Signal(layout, reset_less=True)
        with m.If(self.decode):
            places = codes.as_value()
            for index, decoder in enumerate(decoders):
                decoded = decoder.codes.as_value()
                taken = places[index * len(decoded) : (index + 1) * len(decoded)]
                m.d.sync += taken.eq(Mux(decoder.reserved, 0, decoded))
        return codes

    def _slice(self, m: Module, fabric: Fabric, index: int, codes: data.View) -> Term:
        """The sum of one slice's lanes, `tree_stages` cycles later."""
        first = index * self.spec.lanes
        lanes = [
            Lane(
                self.activations.word_select(first + lane, ACTIVATION_BITS),
                codes[lane].nonzero,
                codes[lane].negative,
            )
            for lane in range(self.spec.lanes)
        ]
        return fabric.add_lanes(m, lanes, self.spec.tree_stages, f"slice{index}")

    def _count(self, m: Module, codes: data.View) -> None:
        """Lanes that worked and lanes that subtracted; the others that worked have added."""
        lanes = [codes[lane] for lane in range(self.spec.lanes)] * self.spec.slices
        stages = count_stages(self.spec.tree_stages)
        for port, bit in ((self.worked, "nonzero"), (self.subtracted, "negative")):
            flags = [
                code[bit] & active
                for code, active in zip(lanes, self.activation_nonzero, strict=True)
            ]
            m.d.comb += port.eq(count_flags(m, flags, stages, port.name))

    def _accumulate(self, m: Module, sums: list[Term]) -> None:
        bits, hold = self.spec.accumulator_bits, self.spec.hold
        before = Signal(len(self.sums))
        after = Signal(len(self.sums))
        for index, term in enumerate(sums):
            base = Signal(signed(bits), name=f"slice{index}_base")
            total = after.word_select(index, bits)
            m.d.comb += [
                base.eq(Mux(self.replace, 0, before.word_select(index, bits))),
                total.eq(base + term.value + term.carry),
            ]
        if hold == 1:
            with m.If(self.accumulate):
                m.d.sync += before.eq(after)
            m.d.comb += self.sums.eq(before)
            return
        m.submodules.accumulators = memory = Memory(shape=len(self.sums), depth=hold, init=[])
        write = memory.write_port()
        read = memory.read_port(domain="comb")
        finished = Signal(len(self.sums), reset_less=True)
        m.d.comb += [
            read.addr.eq(self.group),
            before.eq(read.data),
            write.addr.eq(self.group),
            write.data.eq(after),
            write.en.eq(self.accumulate),
            self.sums.eq(finished),
        ]
        with m.If(self.accumulate & self.finish):
            m.d.sync += finished.eq(after)

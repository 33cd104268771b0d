"""One column: its weight queue, its decoder, and lanes, tree and accumulators of each slice."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from bitsim.gateware.decoder import CODE, Decoder
from bitsim.gateware.shared import Shared, place
from bitsim.gateware.tree import ACTIVATION_BITS, Term, add_counts, add_terms
from bitsim.gateware.weight_queue import WeightQueue
from bitsim.spec.dot import DotSpec
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
    adds, subtracts      t + 3       lanes that added and that subtracted in cycle t + 2
    accumulate           t + 2 + T   the tree's sum belongs to a step: add it to that of `group`
    replace                          with it: first K beat, forget the sum before
    finish                           with it: last K beat, the sum is ready
    sums                 t + 3 + T   (slices,) sums of a step that had `finish`
    """

    clocked = True

    def __init__(self, spec: DotSpec, shared: Shared | None = None) -> None:
        self.spec = spec
        self.shared = shared
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
                "adds": Out(range(lanes + 1)),
                "subtracts": Out(range(lanes + 1)),
            }
        )

    def elaborate(self, platform: object) -> Module:
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
        sums = [self._slice(m, s, codes) for s in range(spec.slices)]
        self._count(m, codes)
        self._accumulate(m, sums)
        return m

    def _decode(self, m: Module, packed: Signal) -> data.View:
        """The codes of all lanes, in registers; places of the last byte beyond them are dropped."""
        packing = self.spec.weight_packing
        decoders = [
            place(m, self.shared, f"decoder_{index}", "decoder", lambda: Decoder(packing))
            for index in range(self.spec.beat_bytes)
        ]
        for index, decoder in enumerate(decoders):
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

    def _slice(self, m: Module, index: int, codes: data.View) -> Term:
        """The sum of one slice's lanes, `tree_stages` cycles later.

        A lane is (a ^ negative) & nonzero with `negative` as carry: -a is ~a + 1.
        """
        terms = []
        for lane in range(self.spec.lanes):
            activation = self.activations.word_select(
                index * self.spec.lanes + lane, ACTIVATION_BITS
            )
            code = codes[lane]
            term = Signal(signed(ACTIVATION_BITS), name=f"slice{index}_lane{lane}")
            m.d.comb += term.eq(
                (activation ^ code.negative.replicate(ACTIVATION_BITS))
                & code.nonzero.replicate(ACTIVATION_BITS)
            )
            terms.append(Term(term, code.negative))
        return add_terms(m, terms, self.spec.tree_stages, f"slice{index}")

    def _count(self, m: Module, codes: data.View) -> None:
        lanes = [codes[lane] for lane in range(self.spec.lanes)] * self.spec.slices
        active = self.activation_nonzero
        adds = [
            code.nonzero & ~code.negative & nonzero
            for code, nonzero in zip(lanes, active, strict=True)
        ]
        subtracts = [code.negative & nonzero for code, nonzero in zip(lanes, active, strict=True)]
        m.d.comb += [
            self.adds.eq(add_counts(m, adds, 1, 1, "adds")),
            self.subtracts.eq(add_counts(m, subtracts, 1, 1, "subtracts")),
        ]

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

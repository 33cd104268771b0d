"""Finds the codes of a word of sums: each sum takes seven comparisons, one after the other."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from bitsim.gateware.once import Platform, once
from bitsim.gateware.results.scale_divider import LARGEST_CODE_BITS
from bitsim.gateware.results.sum_magnitude import magnitude_layout

CODE_BITS = 8  # two's complement
REGISTER_LEVELS = 3  # whose few thresholds are registers that all sums read
SEARCH_ADVANCES = LARGEST_CODE_BITS + 1  # a bit in each, and the sign


class SumSearch(wiring.Component):
    """Finds the code of one sum; level j compares it with one of 2^j thresholds, as j bits choose.

    All thresholds are complements: comparing is then an adder's carry, without an inverter a bit.

    write, code, threshold   a threshold becomes what is given; not between sum and code
    level_j                  the thresholds of the levels below REGISTER_LEVELS, lowest code lowest
    advance                  everything goes on
    total                    the sum
    found                    its code, `SEARCH_ADVANCES` later
    """

    module = "sum_search"
    clocked = True

    def __init__(self, magnitude_bits: int) -> None:
        self.magnitude_bits = magnitude_bits
        super().__init__(
            {
                **threshold_ports(magnitude_bits),
                **{
                    f"level_{level}": In(data.ArrayLayout(magnitude_bits, 1 << level))
                    for level in range(REGISTER_LEVELS)
                },
                "advance": In(1),
                "total": In(magnitude_layout(magnitude_bits + 1)),
                "found": Out(CODE_BITS),
            }
        )

    @once
    def elaborate(self, platform: Platform | None) -> Module:
        m = Module()
        total: Value = self.total
        found: Value = Const(0, 0)  # of the code, the bit found last lowest
        choice: Value = found  # of a threshold that is read in the advance before it is compared
        for level in range(LARGEST_CODE_BITS):
            threshold = Signal(self.magnitude_bits, name=f"level{level}_threshold")
            next_found = Signal(level + 1, name=f"level{level}_next_found")
            if level < REGISTER_LEVELS:
                thresholds = getattr(self, f"level_{level}")
                m.d.comb += threshold.eq(_chosen(list(thresholds), found))
            else:
                m.d.comb += threshold.eq(self._table(m, level, choice))
            # The sum, less the threshold, has a carry if it is not less.
            less = Signal(self.magnitude_bits + 2, name=f"level{level}_less")
            m.d.comb += [
                less.eq(Cat(Const(1, 1), total.magnitude) + Cat(Const(1, 1), threshold)),
                next_found.eq(Cat(less[-1], found)),
            ]
            choice = next_found
            found = Signal(level + 1, name=f"level{level}_found")
            later = Signal(total.shape(), name=f"level{level}_sum")
            with m.If(self.advance):
                m.d.sync += [found.eq(next_found), later.eq(total)]
            total = later
        with m.If(self.advance):
            m.d.sync += self.found.eq(
                (found ^ total.negative.replicate(CODE_BITS)) + total.negative
            )
        return m

    def _table(self, m: Module, level: int, choice: Value) -> Value:
        """The threshold of this level that was chosen in the advance before."""
        memory = Memory(shape=self.magnitude_bits, depth=1 << level, init=[])
        m.submodules[f"level{level}_table"] = memory
        write = memory.write_port()
        read = memory.read_port()
        zeros = LARGEST_CODE_BITS - 1 - level  # after the last 1 of a code of this level
        m.d.comb += [
            write.en.eq(self.write & self.code[zeros] & ~self.code[:zeros].any()),
            write.addr.eq(self.code[zeros + 1 :]),
            write.data.eq(self.threshold),
            read.en.eq(self.advance),
            read.addr.eq(choice),
        ]
        return read.data


class CodeSearch(wiring.Component):
    """Finds the codes of all sums of a word; ports as of `SumSearch`, but for

    threshold   as it is, no complement
    word        sums
    codes       of the word `SEARCH_ADVANCES` before
    """

    def __init__(self, word_sums: int, sum_bits: int) -> None:
        self.word_sums = word_sums
        self.magnitude_bits = sum_bits - 1
        super().__init__(
            {
                **threshold_ports(self.magnitude_bits),
                "advance": In(1),
                "word": In(data.ArrayLayout(magnitude_layout(sum_bits), word_sums)),
                "codes": Out(CODE_BITS * word_sums),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        searches = [SumSearch(self.magnitude_bits) for _ in range(self.word_sums)]
        complement = Signal(self.magnitude_bits)
        m.d.comb += complement.eq(~self.threshold)
        for index, search in enumerate(searches):
            m.submodules[f"sum_{index}"] = search
            m.d.comb += [
                search.write.eq(self.write),
                search.code.eq(self.code),
                search.threshold.eq(complement),
                search.advance.eq(self.advance),
                search.total.eq(self.word[index]),
                self.codes.word_select(index, CODE_BITS).eq(search.found),
            ]
        for level in range(REGISTER_LEVELS):
            thresholds = Signal(
                data.ArrayLayout(self.magnitude_bits, 1 << level), name=f"level_{level}"
            )
            for choice in range(1 << level):
                code = (2 * choice + 1) << (LARGEST_CODE_BITS - 1 - level)
                with m.If(self.write & (self.code == code)):
                    m.d.sync += thresholds[choice].eq(complement)
            m.d.comb += [getattr(search, f"level_{level}").eq(thresholds) for search in searches]
        return m


def threshold_ports(magnitude_bits: int) -> dict[str, wiring.Member]:
    """How thresholds come from `bitsim.gateware.results.code_thresholds`."""
    return {
        "write": In(1),
        "code": In(LARGEST_CODE_BITS),
        "threshold": In(magnitude_bits),
    }


def _chosen(thresholds: list[Value], choice: Value) -> Value:
    """One of 2^n, by the n bits of `choice`."""
    row = thresholds
    for bit in choice:
        row = [Mux(bit, odd, even) for even, odd in zip(row[::2], row[1::2], strict=True)]
    return row[0]

"""Finds the codes of a word of sums: seven comparisons, one behind the other, of each."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from bitsim.gateware.scale_divider import LARGEST_CODE_BITS
from bitsim.gateware.sum_magnitude import magnitude_layout

CODE_BITS = 8  # two's complement
REGISTER_LEVELS = 3  # whose few thresholds are registers that all sums read
SEARCH_ADVANCES = LARGEST_CODE_BITS + 1  # a bit in each, and the sign


class CodeSearch(wiring.Component):
    """Level j of a sum's search compares it with one of 2^j thresholds, whose choice is j bits.

    write, code, threshold   a threshold becomes what is given; not between word and codes
    advance                  everything goes on
    word                     sums
    codes                    of the word `SEARCH_ADVANCES` before, each CODE_BITS
    """

    clocked = True

    def __init__(self, word_sums: int, sum_bits: int) -> None:
        self.word_sums = word_sums
        self.magnitude_bits = sum_bits - 1
        super().__init__(
            {
                "write": In(1),
                "code": In(LARGEST_CODE_BITS),
                "threshold": In(self.magnitude_bits),
                "advance": In(1),
                "word": In(data.ArrayLayout(magnitude_layout(sum_bits), word_sums)),
                "codes": Out(CODE_BITS * word_sums),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        registers = self._registers(m)
        for index in range(self.word_sums):
            self._search(m, index, registers)
        return m

    def _registers(self, m: Module) -> list[list[Signal]]:
        """The thresholds of the first levels."""
        levels = []
        for level in range(REGISTER_LEVELS):
            registers = []
            for choice in range(1 << level):
                register = Signal(self.magnitude_bits, name=f"level{level}_threshold{choice}")
                code = (2 * choice + 1) << (LARGEST_CODE_BITS - 1 - level)
                with m.If(self.write & (self.code == code)):
                    m.d.sync += register.eq(self.threshold)
                registers.append(register)
            levels.append(registers)
        return levels

    def _search(self, m: Module, index: int, registers: list[list[Signal]]) -> None:
        """The pipeline of one sum of a word."""
        total: Value = self.word[index]
        found: Value = Const(0, 0)  # of the code, the bit found last lowest
        choice: Value = found
        for level in range(LARGEST_CODE_BITS):
            name = f"sum{index}_level{level}"
            threshold = Signal(self.magnitude_bits, name=f"{name}_threshold")
            next_found = Signal(level + 1, name=f"{name}_next_found")
            if level < REGISTER_LEVELS:
                m.d.comb += threshold.eq(_chosen(registers[level], found))
            else:
                m.d.comb += threshold.eq(self._table(m, name, level, choice))
            m.d.comb += next_found.eq(Cat(total.magnitude >= threshold, found))
            choice = next_found  # in the next advance
            found = Signal(level + 1, name=f"{name}_found")
            later = Signal(magnitude_layout(self.magnitude_bits + 1), name=f"{name}_sum")
            with m.If(self.advance):
                m.d.sync += [found.eq(next_found), later.eq(total)]
            total = later
        code = self.codes.word_select(index, CODE_BITS)
        with m.If(self.advance):
            m.d.sync += code.eq((found ^ total.negative.replicate(CODE_BITS)) + total.negative)

    def _table(self, m: Module, name: str, level: int, choice: Value) -> Value:
        """The threshold that was chosen in the advance before."""
        memory = Memory(shape=self.magnitude_bits, depth=1 << level, init=[])
        m.submodules[f"{name}_table"] = memory
        write = memory.write_port()
        read = memory.read_port()
        zeros = LARGEST_CODE_BITS - 1 - level  # behind the last 1 of a code of this level
        m.d.comb += [
            write.en.eq(self.write & self.code[zeros] & ~self.code[:zeros].any()),
            write.addr.eq(self.code[zeros + 1 :]),
            write.data.eq(self.threshold),
            read.en.eq(self.advance),
            read.addr.eq(choice),
        ]
        return read.data


def _chosen(registers: list[Signal], choice: Value) -> Value:
    """One of 2^n, by the n bits of `choice`."""
    row: list[Value] = list(registers)
    for bit in choice:
        row = [Mux(bit, odd, even) for even, odd in zip(row[::2], row[1::2], strict=True)]
    return row[0]

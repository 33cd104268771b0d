"""Parts of blocks as blocks of their own, and names within a block that its properties look at."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFO, SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from bitsim.gateware.bus.axi import AxiReadSignature
from bitsim.gateware.bus.read_master import ReadMaster, read_job
from bitsim.gateware.lanes.tree import ACTIVATION_BITS, Term, add_terms
from bitsim.gateware.results.code_search import REGISTER_LEVELS
from bitsim.gateware.results.scale_divider import LARGEST_CODE_BITS
from bitsim.spec.link.axi4 import Axi4BusSpec


class Tree(wiring.Component):
    """The adder tree without pipeline registers, its terms as ports."""

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        bits = ACTIVATION_BITS + (lanes - 1).bit_length()
        super().__init__(
            {
                "values": In(ACTIVATION_BITS * lanes),
                "carries": In(lanes),
                "value": Out(signed(bits)),
                "carry": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        terms = []
        for lane in range(self.lanes):
            value = Signal(signed(ACTIVATION_BITS), name=f"lane_{lane}")
            m.d.comb += value.eq(self.values.word_select(lane, ACTIVATION_BITS))
            terms.append(Term(value, self.carries[lane]))
        root = add_terms(m, terms, 0, "tree")
        m.d.comb += [self.value.eq(root.value), self.carry.eq(root.carry)]
        return m


class ReadMasterAlone(wiring.Component):
    """A read master whose words have no `ready`: it is the constant 1, which cannot be a port."""

    def __init__(self, bus: Axi4BusSpec) -> None:
        self.bus = bus
        super().__init__(
            {
                "jobs": In(stream.Signature(read_job(bus))),
                "axi": Out(AxiReadSignature(bus)),
                "word_valid": Out(1),
                "word_left": In(1),
                "clear": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.master = master = ReadMaster(self.bus)
        wiring.connect(m, wiring.flipped(self.jobs), master.jobs)
        wiring.connect(m, master.axi, wiring.flipped(self.axi))
        m.d.comb += [
            self.word_valid.eq(master.words.valid),
            master.word_left.eq(self.word_left),
            master.clear.eq(self.clear),
        ]
        return m


class Queue(wiring.Component):
    """A queue of Amaranth's library, its streams as ports."""

    def __init__(self, fifo: SyncFIFO | SyncFIFOBuffered) -> None:
        self.fifo = fifo
        word = stream.Signature(fifo.width)
        super().__init__({"enter": In(word), "leave": Out(word)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.fifo = self.fifo
        wiring.connect(m, wiring.flipped(self.enter), self.fifo.w_stream)
        wiring.connect(m, self.fifo.r_stream, wiring.flipped(self.leave))
        return m


def adder_names(lanes: int) -> str:
    """Verilog that gives the properties the output of each adder, by level and place."""
    lines, terms = [], lanes
    for level in range(1, (lanes - 1).bit_length() + 1):
        for place in range((terms + 1) // 2):
            node = f"node[{level * lanes + place}]"
            if 2 * place + 1 == terms:  # a term without a partner goes on as it is
                below = (level - 1) * lanes + 2 * place
                lines.append(f"assign {node} = node[{below}];")
                continue
            name = f"\\dut.tree_level{level}_{place} "
            lines += [
                f"(* hierconn *) wire signed [{ACTIVATION_BITS + level - 1}:0] {name};",
                f"assign {node} = {name};",
            ]
        terms = (terms + 1) // 2
    return "\n".join(lines) + "\n"


def search_names(bits: int) -> str:
    """Verilog that gives the properties all thresholds by their code, and what each level has."""
    levels = range(LARGEST_CODE_BITS)
    lines = [
        f"wire [{LARGEST_CODE_BITS * 8 - 1}:0] level_code;",
        f"wire [{LARGEST_CODE_BITS * (bits + 1) - 1}:0] level_sum;",
        f"wire [{LARGEST_CODE_BITS * bits - 1}:0] level_threshold;",
    ]
    for level in levels:
        zeros = LARGEST_CODE_BITS - 1 - level
        for choice in range(1 << level):
            place = f"complement[{((2 * choice + 1) << zeros) * bits}+:{bits}]"
            entry = f"\\dut.level{level}_table[{choice}] "
            if level < REGISTER_LEVELS:
                entry = f"level_{level}[{choice * bits}+:{bits}]"
            else:
                lines.append(f"(* hierconn *) wire [{bits - 1}:0] {entry};")
            lines.append(f"assign {place} = {entry};")
        found, total, threshold = (
            f"\\dut.level{level}_{name} " for name in ("found", "sum", "threshold")
        )
        lines += [
            f"(* hierconn *) wire [{level}:0] {found};",
            f"(* hierconn *) wire [{bits}:0] {total};",
            f"(* hierconn *) wire [{bits - 1}:0] {threshold};",
            f"assign level_code[{8 * level}+:8] = {found} << {zeros};",
            f"assign level_sum[{(bits + 1) * level}+:{bits + 1}] = {total};",
            f"assign level_threshold[{bits * level}+:{bits}] = {threshold};",
        ]
    return "\n".join(lines) + "\n"

"""The blocks that are proved: what is built, at which size, and how."""

from __future__ import annotations

from dataclasses import replace

from amaranth.lib.fifo import SyncFIFO
from probes import Queue, ReadMasterAlone, Tree, adder_names, search_names
from proof import Proof

from bitsim.gateware.array.dot.activation_ring import ActivationRing
from bitsim.gateware.array.dot.array import Dot
from bitsim.gateware.array.dot.column import Column
from bitsim.gateware.array.dot.decoder import Decoder
from bitsim.gateware.array.dot.sequencer import Sequencer
from bitsim.gateware.array.dot.weight_queue import WeightQueue
from bitsim.gateware.bus.gearbox import Gearbox
from bitsim.gateware.bus.list_reader import ListReader
from bitsim.gateware.bus.read_port import word_fifo
from bitsim.gateware.bus.write_master import WriteMaster
from bitsim.gateware.lanes import FABRICS
from bitsim.gateware.lanes.ecp5 import LaneAdder
from bitsim.gateware.lanes.xilinx import LanePair
from bitsim.gateware.results.code_search import SumSearch
from bitsim.gateware.results.cutter import ResultCutter
from bitsim.gateware.results.digit_combiner import DigitCombiner
from bitsim.gateware.results.stage import ResultStage
from bitsim.spec.array.dot import DotSpec
from bitsim.spec.encoding import RADIX, WEIGHTS_PER_BYTE, Packing
from bitsim.spec.link.axi4 import Axi4BusSpec, ResultsSpec


def array(**sizes: int | str) -> DotSpec:
    """A small machine; whatever is not named does not matter to the proof."""
    return DotSpec.model_validate(
        {
            "dataflow": "dot",
            "columns": 1,
            "lanes": 1,
            "slices": 1,
            "hold": 1,
            "weight_packing": "2bit",
            "tree_stages": 0,
            "accumulator_bits": 12,
            "max_k": 1,
            "weight_fifo_beats": 2,
            "activation_buffer_beats": 4,
            "result_fifo_beats": 2,
            "skip": "gate",
        }
        | sizes
    )


def _weight_queue(size: int) -> Proof:
    return Proof(
        "weight_queue", f"{size} places", lambda: WeightQueue(2, size), {"SIZE": size}, cover=12
    )


def _queue(size: int) -> Proof:
    return Proof(
        "queue", f"{size} places", lambda: Queue(SyncFIFO(width=2, depth=size)), {"SIZE": size},
        cover=12,
    )  # fmt: skip


def _activation_ring(size: int) -> Proof:
    return Proof(
        "activation_ring", f"{size} places", lambda: ActivationRing(2, size), {"SIZE": size},
        cover=12,
    )  # fmt: skip


def _word_fifo(size: int) -> Proof:
    return Proof(
        "word_fifo", f"{size} words", lambda: Queue(word_fifo(2, size)), {"SIZE": size}, cover=12
    )


def _gearbox(words: int) -> Proof:
    return Proof(
        "gearbox", f"{words} words", lambda: Gearbox(2, words, 2 * words), {"BEAT_WORDS": words},
        cover=12,
    )  # fmt: skip


def _result_cutter(sums: int, sum_bits: int, word_bits: int) -> Proof:
    return Proof(
        "result_cutter",
        f"{sums} sums of {sum_bits} bits, {word_bits}-bit words",
        lambda: ResultCutter(sums, sum_bits, word_bits),
        {"SUMS": sums, "SUM_BITS": sum_bits, "WORD_BITS": word_bits},
        cover=12,
    )


def _digit_combiner(hold: int, beat_words: int) -> Proof:
    return Proof(
        "digit_combiner",
        f"3 digits, hold {hold}, {beat_words} words a beat",
        lambda: DigitCombiner(32, hold, beat_words, 3),
        {"PLACES": hold * beat_words, "BEAT_WORDS": beat_words, "DIGITS": 3},
        cover=12,
    )


def _result_stage(sum_bits: int) -> Proof:
    results = ResultsSpec(digits=1, code_beats=2)
    return Proof(
        "result_stage",
        f"codes of 2 beats of a sum of {sum_bits} bits",
        lambda: ResultStage(results, 32, sum_bits, 1, 1),
        {"SUM_BITS": sum_bits},
        cover=12,
    )


def _sum_search(bits: int) -> Proof:
    return Proof(
        "sum_search",
        f"magnitudes of {bits} bits",
        lambda: SumSearch(bits),
        {"BITS": bits},
        include=search_names(bits),
    )


def _decoder(packing: Packing) -> Proof:
    parameters = {"RADIX": RADIX[packing], "COUNT": WEIGHTS_PER_BYTE[packing]}
    return Proof("decoder", packing, lambda: Decoder(packing), parameters)


def _sequencer(hold: int, results: int) -> Proof:
    return Proof(
        "sequencer",
        f"hold {hold}, {results} results",
        lambda: Sequencer(array(hold=hold, result_fifo_beats=results)),
        {"HOLD": hold, "RESULTS": results},
        cover=24,
    )


def _steps(largest: int) -> Proof:
    return Proof(
        "sequencer",
        f"steps of phases to {largest} x {largest} x {largest}",
        lambda: Sequencer(array(hold=3)),
        {"HOLD": 3, "LARGEST": largest, "COUNT_STEPS": 1},
    )


def _lane(packing: Packing) -> Proof:
    spec = array(weight_packing=packing, accumulator_bits=9)
    parameters = {"BASE3": int(packing == "base3"), "BITS": 9}
    return Proof("lane", packing, lambda: Column(spec), parameters, cover=4)


def _accumulator(lanes: int, hold: int, max_k: int) -> Proof:
    bits = (128 * max_k).bit_length() + 1
    spec = array(
        lanes=lanes, hold=hold, max_k=max_k, accumulator_bits=bits, activation_buffer_beats=64
    )
    return Proof(
        "accumulator",
        f"{lanes} lanes, hold {hold}, max_k {max_k}, {bits} bits",
        lambda: Column(spec),
        {"LANES": lanes, "HOLD": hold, "MAX_K": max_k, "BITS": bits},
        cover=8,
    )


def _tree(lanes: int) -> Proof:
    return Proof(
        "tree", f"{lanes} lanes", lambda: Tree(lanes), {"LANES": lanes},
        include=adder_names(lanes),
    )  # fmt: skip


def _lane_adder(bits: int) -> Proof:
    return Proof(
        "lane_adder", f"ECP5, {bits} bits", lambda: LaneAdder(bits), {"BITS": bits},
        cells=FABRICS["ecp5"].cells,
    )  # fmt: skip


def _array() -> Proof:
    spec = array(
        columns=2, lanes=2, hold=2, max_k=4, accumulator_bits=11, tree_stages=1,
        activation_buffer_beats=4,
    )  # fmt: skip
    # The counters of the lanes have four registers one behind the other.
    return Proof("array", "2 columns, 2 lanes, hold 2", lambda: Dot(spec), depth=4, cover=24)


# Bursts of three words, two of them outstanding, FIFOs of four words.
BUS = Axi4BusSpec(
    kind="axi4", data_bits=32, address_bits=32, weight_ports=1, burst_words=3, outstanding=2,
    read_fifo_words=4, write_fifo_words=4, list_entries=2,
)  # fmt: skip

_QUICK = (
    _decoder("2bit"),
    _decoder("base3"),
    _lane("2bit"),
    _lane("base3"),
    _tree(8),
    _weight_queue(2),
    _queue(3),
    _activation_ring(3),
    _sequencer(3, 2),
    _accumulator(2, 1, 5),
    _lane_adder(9),
    Proof("lane_pair", "Xilinx", LanePair, cells=FABRICS["xilinx"].cells),
)
_SLOW = (
    _tree(3),
    _tree(16),
    _tree(40),
    _weight_queue(3),
    _queue(2),
    _activation_ring(1),
    _activation_ring(4),
    _sequencer(1, 2),
    _sequencer(4, 3),
    _steps(3),
    _accumulator(2, 2, 8),
    _lane_adder(10),
    _lane_adder(11),
    _array(),
    _word_fifo(2),
    _word_fifo(3),
    _gearbox(1),
    _gearbox(3),
    _result_cutter(3, 9, 64),
    _result_cutter(2, 40, 32),
    Proof("read_master", "bursts of 3, 2 outstanding", lambda: ReadMasterAlone(BUS), cover=24),
    Proof("write_master", "bursts of 3, 2 outstanding", lambda: WriteMaster(BUS), cover=24),
    _digit_combiner(3, 1),
    _digit_combiner(2, 2),
    _sum_search(2),
    _result_stage(9),
    Proof("list_reader", "2 entries", lambda: ListReader(BUS), {"ENTRIES": 2}, cover=12),
)
PROOFS = (*_QUICK, *(replace(proof, full=True) for proof in _SLOW))

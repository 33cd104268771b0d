"""The blocks that are proved: what is built, at which size, and how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from amaranth.hdl import Module, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from bitsim.gateware.activation_ring import ActivationRing
from bitsim.gateware.decoder import Decoder
from bitsim.gateware.result_queue import ResultQueue
from bitsim.gateware.sequencer import Sequencer
from bitsim.gateware.shared import Shared
from bitsim.gateware.tree import ACTIVATION_BITS, Term, add_terms
from bitsim.gateware.weight_queue import WeightQueue
from bitsim.spec.dot import DotSpec
from bitsim.spec.encoding import RADIX, WEIGHTS_PER_BYTE, Packing


@dataclass(frozen=True)
class Proof:
    """One size of one block.

    block       its Verilog module; the properties are `block_properties` in `block.sv`
    size        a few words for the table
    make        the block
    parameters  of the properties
    depth       of the induction
    cover       cycles in which every cover statement is to be reached; 0: there is none
    full        takes more than seconds: `make test-full`
    """

    block: str
    size: str
    make: Callable[[Shared], wiring.Component]
    parameters: dict[str, int] = field(default_factory=dict)
    depth: int = 1
    cover: int = 0
    full: bool = False
    include: str = ""


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
        "weight_queue", f"{size} places", lambda _: WeightQueue(2, size), {"SIZE": size}, cover=12
    )


def _result_queue(size: int) -> Proof:
    return Proof(
        "result_queue", f"{size} places", lambda _: ResultQueue(1, 2, size), {"SIZE": size},
        cover=12,
    )  # fmt: skip


def _activation_ring(size: int) -> Proof:
    return Proof(
        "activation_ring", f"{size} places", lambda _: ActivationRing(2, size), {"SIZE": size},
        cover=12,
    )  # fmt: skip


def _decoder(packing: Packing) -> Proof:
    parameters = {"RADIX": RADIX[packing], "COUNT": WEIGHTS_PER_BYTE[packing]}
    return Proof("decoder", packing, lambda _: Decoder(packing), parameters)


def _sequencer(hold: int, results: int) -> Proof:
    return Proof(
        "sequencer",
        f"hold {hold}, {results} results",
        lambda _: Sequencer(array(hold=hold, result_fifo_beats=results)),
        {"HOLD": hold, "RESULTS": results},
        cover=24,
    )


def _steps(largest: int, full: bool) -> Proof:
    return Proof(
        "sequencer",
        f"steps of phases to {largest} x {largest} x {largest}",
        lambda _: Sequencer(array(hold=3)),
        {"HOLD": 3, "LARGEST": largest, "COUNT_STEPS": 1},
        full=full,
    )


PROOFS = (
    *(_decoder(packing) for packing in ("2bit", "base3")),
    *(_weight_queue(size) for size in (2, 3)),
    *(_result_queue(size) for size in (2, 3)),
    *(_activation_ring(size) for size in (1, 3, 4)),
    *(_sequencer(hold, results) for hold, results in ((1, 2), (3, 2), (4, 3))),
    _steps(3, full=False),
)

"""What a block of an accelerator takes on an FPGA or in standard cells: yosys and nextpnr."""

from bitsim.synthesis.block import BLOCKS, Block, make_block
from bitsim.synthesis.targets.registry import TARGETS

__all__ = ["BLOCKS", "TARGETS", "Block", "make_block"]

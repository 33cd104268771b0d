"""Layouts of ternary weights that other programs compute with, to be converted to and from."""

from bitsim.reference.checkpoints.layouts.int2 import Int2
from bitsim.reference.checkpoints.layouts.layout import Layout
from bitsim.reference.checkpoints.layouts.tl1 import Tl1
from bitsim.reference.checkpoints.layouts.tl2 import Tl2

LAYOUTS: dict[str, type[Layout]] = {kind.label: kind for kind in (Int2, Tl1, Tl2)}

__all__ = ["LAYOUTS", "Int2", "Layout", "Tl1", "Tl2"]

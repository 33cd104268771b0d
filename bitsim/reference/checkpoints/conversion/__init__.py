"""Between the published forms of a checkpoint, bit for bit in the ternary weights."""

from bitsim.reference.checkpoints.conversion.compare import compare
from bitsim.reference.checkpoints.conversion.convert import (
    FORMS,
    Conversion,
    plan_conversion,
    write_conversion,
)

__all__ = ["FORMS", "Conversion", "compare", "plan_conversion", "write_conversion"]

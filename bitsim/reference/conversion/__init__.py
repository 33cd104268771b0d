"""Between the published forms of a checkpoint, bit for bit in the ternary weights."""

from bitsim.reference.conversion.compare import compare
from bitsim.reference.conversion.convert import (
    FORMS,
    Conversion,
    plan_conversion,
    write_conversion,
)

__all__ = ["FORMS", "Conversion", "compare", "plan_conversion", "write_conversion"]

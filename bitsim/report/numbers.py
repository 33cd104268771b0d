"""Numbers as people read them: SI prefixes, four significant digits, grouped thousands."""

from __future__ import annotations

import math

_PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T"}


def si(value: float, unit: str, digits: int = 3) -> str:
    """`0.0123, "J"` is "12.3 mJ"; beyond the prefixes, powers of ten."""
    exponent = 0 if value == 0 else 3 * math.floor(math.log10(abs(value)) / 3)
    exponent = min(12, max(-15, exponent))
    text = significant(value / 10**exponent, digits)
    if text.lstrip("-") == "1,000" and exponent < 12:  # 999.96 rounds into the next prefix
        exponent, text = exponent + 3, text.replace("1,000", significant(1.0, digits))
    return f"{text} {_PREFIXES[exponent]}{unit}".rstrip()


def significant(value: float, digits: int = 3) -> str:
    """At least `digits` digits, whole parts in full: 1,234 and 12.3 and 0.0123."""
    if value == 0:
        return "0"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    if places < 0:
        return f"{value:,.0f}"
    if places > 12:
        return f"{value:.{digits - 1}e}"
    text = f"{value:,.{places}f}"
    rounded = abs(float(text.replace(",", "")))
    carried = rounded > 0 and digits - 1 - math.floor(math.log10(rounded)) < places
    return f"{value:,.{places - 1}f}" if carried and places > 0 else text  # 9.996 is 10.0


def percent(share: float) -> str:
    """One decimal; what is there but rounds to nothing says so."""
    if 0 < share < 0.0005:
        return "<0.1 %"
    if 0.9995 <= share < 1:
        return ">99.9 %"
    return f"{100 * share:.1f} %"


def count(value: int) -> str:
    """A whole number with its thousands grouped."""
    return f"{value:,}"


def ratio(part: float, whole: float) -> float:
    """`part / whole`, and 0 of nothing is 0."""
    return part / whole if whole else 0.0

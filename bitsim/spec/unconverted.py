"""`modules_to_not_convert` of a config.json: which layers transformers leaves in floats."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from bitsim.errors import shown

FIELD = "quantization_config.modules_to_not_convert"
HEAD = "lm_head"
MAX_NAMES = 64  # published files have none
PLAIN_NAME = re.compile(r"[A-Za-z0-9_.]{0,120}")  # a regex too, of which only the dot is special


def unconverted_fault(names: Any, ternary: Iterable[str]) -> str | None:
    """What is wrong with the list, if it makes other layers ternary than bitsim computes.

    transformers 5.23 (`quantizers_utils.should_convert_module`) leaves a module in floats if a name
    of the list matches it, as a regex up to a dot or the end, or as a suffix. Without a list it
    leaves the head in floats. With a list it leaves only what the list names: `[]` makes the head
    ternary.

    names    what config.json has there
    ternary  module names of the matrices that bitsim computes in ternary
    """
    if names is None:
        return None
    if not isinstance(names, list) or len(names) > MAX_NAMES:
        return f"{FIELD} = {shown(names)}: must be null or a list of at most {MAX_NAMES} names"
    for name in names:
        if not isinstance(name, str) or not PLAIN_NAME.fullmatch(name):
            return f"{FIELD} = {shown(name)}: must be the plain name of a module; write it out"
    for module in ternary:
        name = _matching(names, module)
        if name is not None:
            return (
                f"{FIELD}: {shown(name)} leaves {module} in floats, and an array computes every "
                f"matrix of a layer in ternary; use a model that is ternary throughout"
            )
    if _matching(names, HEAD) is None:
        return (
            f"{FIELD}: leaves out no {HEAD}, so that transformers makes the head ternary; add "
            f"{HEAD!r}, or set it to null"
        )
    return None


def _matching(names: Sequence[str], module: str) -> str | None:
    """The first name that leaves a module in floats."""
    for name in names:
        if module.endswith(name) or re.match(rf"{name}(?:(?<=\.)|(?=\.|$))", module):
            return name
    return None

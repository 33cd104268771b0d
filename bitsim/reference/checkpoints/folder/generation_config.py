"""generation_config.json: the ids that end an answer, beside those of config.json."""

from __future__ import annotations

from pathlib import Path

from bitsim.errors import BitsimError, shown, shown_path
from bitsim.files import strict_json
from bitsim.spec import base
from bitsim.spec.network import NetworkSpec

KEY = "eos_token_id"  # a number or a list, as in config.json; nothing else of the file is used


def with_generation_config(spec: NetworkSpec, path: Path) -> NetworkSpec:
    """The spec with the stop ids of the file added; as it is if there is no such file."""
    if not path.exists():
        return spec
    where = shown_path(path)
    try:
        config = strict_json.parse(base.read_text(path))
    except ValueError as error:
        raise BitsimError(f"{where}: not plain JSON: {error}; mend the file") from None
    if not isinstance(config, dict):
        raise BitsimError(f"{where}: holds a {type(config).__name__}; it must be a JSON object")
    said = config.get(KEY)
    ids = [] if said is None else said if isinstance(said, list) else [said]
    for token_id in ids:
        if type(token_id) is not int or not 0 <= token_id < spec.vocab_size:
            raise BitsimError(
                f"{where}: {KEY} = {shown(said)}: must be token ids of 0 to {spec.vocab_size - 1}"
            )
    return spec.changed({"eos_ids": tuple(dict.fromkeys((*spec.eos_ids, *ids)))}, where)

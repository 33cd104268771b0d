"""GGUF files cut or changed anywhere; faults by name are in `tests/bad_input/gguf_files.py`."""

import numpy as np
import pytest

from bitsim.errors import BitsimError
from bitsim.reference.checkpoints.load import load_network
from tests.bad_input.gguf_networks import good_gguf
from tests.reference.checkpoints.gguf import gguf_writer as w

KINDS = pytest.mark.parametrize("kind", [w.I2_S, w.TQ1_0, w.TQ2_0], ids=["I2_S", "TQ1", "TQ2"])


@KINDS
def test_a_file_cut_anywhere_is_refused(tmp_path, kind):
    whole = good_gguf(kind)
    path = tmp_path / "cut.gguf"
    size = len(whole)
    for cut in [*range(0, min(size, 4096), 13), *range(4096, size, 4099), size - 1]:
        path.write_bytes(whole[:cut])
        with pytest.raises(BitsimError, match=r"cut\.gguf") as caught:
            load_network(str(path))
        assert len(str(caught.value).splitlines()) == 1


@KINDS
def test_a_flipped_header_byte_loads_or_is_refused_in_one_line(tmp_path, kind):
    whole = good_gguf(kind)
    path = tmp_path / "flipped.gguf"
    random = np.random.default_rng(1)
    refused = 0
    for at in random.integers(0, 1600, 300):
        raw = bytearray(whole)
        raw[at] ^= 1 << random.integers(8)
        path.write_bytes(raw)
        try:
            load_network(str(path))
            continue
        except BitsimError as error:
            lines = str(error).splitlines()
        refused += 1
        assert all("flipped.gguf" in line for line in lines)
    assert refused > 150

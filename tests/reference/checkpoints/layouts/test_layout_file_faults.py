"""What a file in a layout can have wrong: one line each, with file, tensor and remedy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitsim.errors import BitsimError
from bitsim.reference.checkpoints.layouts import LAYOUTS
from bitsim.reference.checkpoints.layouts.reader import read_layout
from tests.reference.checkpoints.layouts.layout_files import (
    ATTN_Q,
    W2,
    WQKV,
    first_byte,
    made,
    put,
    rewrite,
    scale,
    tensor,
    written,
)

FAULTS = [
    ("int2", lambda _, m: m.pop("matrices"), "metadata 'matrices' is missing; use a file of"),
    ("int2", lambda _, m: m.update(matrices="[" * 9999), "'matrices' is not plain JSON: nested"),
    ("int2", lambda _, m: m.update(matrices='{"a":1,"a":2}'), "key 'a' twice in one object"),
    ("int2", lambda _, m: m.update(matrices="[]"), "metadata: matrices = ()"),
    ("int2", lambda _, m: m.update(format="bitsim layout 2"), "metadata: format = 'bitsim layo"),
    ("int2", lambda _, m: m.pop("format"), "metadata: format: missing; add it"),
    ("int2", lambda _, m: m.update(layout="tl3"), "metadata: layout = 'tl3'"),
    ("int2", lambda _, m: m.update(more="x"), "metadata: more: unknown field; remove it"),
    ("int2", put(WQKV, "k", 10**400), "k = "),
    ("int2", put(WQKV, "k", -32), "k = -32"),
    ("int2", put(WQKV, "k", 256.0), "k = 256.0"),
    ("int2", put(WQKV, "k", 288), "asks for U8"),
    ("int2", put(WQKV, "k", 250), "k = 250 is no multiple of 32, the columns of a block"),
    ("int2", put(WQKV, "n", 16), "n = 16 is not the 512 rows of its parts"),
    ("int2", put(WQKV, "parts", []), "parts = ()"),
    ("int2", put(WQKV, "parts", 0, "heads", 3), "rows = 256 are no pairs in each of heads = 3"),
    ("int2", put(WQKV, "parts", 0, "module", "a\nb"), "module = 'a\\nb'"),
    ("int2", put(W2, "parts", 0, "module", "model.layers.1.mlp.down_proj"), "is in 2 places"),
    ("int2", put(WQKV, "parameters", {"bm": 32}), "parameters: bm: unknown field; remove it"),
    ("int2", lambda t, _: t.pop(W2), f"tensor '{W2}' is missing; write the file again"),
    ("int2", lambda t, _: t.pop(f"{W2}_scale"), f"tensor '{W2}_scale' is missing"),
    ("int2", lambda _, m: m["matrices"].pop(W2), "is none that the metadata names"),
    ("int2", tensor(WQKV, lambda v: v.view(np.int8)), "is I8 [512, 64], the metadata asks for U8"),
    ("int2", tensor(WQKV, lambda v: v[:-1]), "is U8 [511, 64], the metadata asks for U8 [512, 64]"),
    ("int2", tensor(WQKV, first_byte(0)), "codes that stand for no ternary weight in 4 places"),
    ("int2", scale(f"{WQKV}_scale", 1, 0x7FC0), "has the scale nan; a scale is a finite number"),
    ("int2", scale(f"{WQKV}_scale", 2, 0x0001), "has the scale 9.18355e-41; a scale is"),
    ("int2", scale(f"{WQKV}_scale", 0, 0xBF80), "has the scale -1; a scale is"),
    ("int2", scale(f"{WQKV}_scale", 3, 0x3F80), "has 1 after its 3 scales, where 0 belongs"),
    ("int2", scale(f"{WQKV}_scale", 3, 0x7FC0), "has nan after its 3 scales, where 0 belongs"),
    ("tl1", put(ATTN_Q, "parameters", "bmm", 48), "parameters: bmm = 48"),
    ("tl1", put(ATTN_Q, "parameters", "bk", 0), "parameters: bk = 0"),
    ("tl1", put(ATTN_Q, "parameters", "bm", 96), "n = 256 is no multiple of 96, bm, the rows"),
    ("tl1", put(ATTN_Q, "parameters", {"bm": 32, "bmm": 32}), "parameters: bk: missing; add it"),
    ("tl1", tensor(ATTN_Q, first_byte(0x9F)), "stand for no ternary weight in 2 places"),
    ("tl1", scale(f"{ATTN_Q}_scale", 0, 0), "has the scale 0; a scale is"),
    ("tl2", put(ATTN_Q, "parameters", "bk", 64), "bk = 64 is no multiple of 24"),
    ("tl2", tensor(ATTN_Q, first_byte(0xEF)), "stand for no ternary weight in 2 places"),
    (
        "tl1",
        lambda _, m: m["matrices"][ATTN_Q].update(
            parts=[{"module": "a", "rows": 128}, {"module": "b", "rows": 128}]
        ),
        "2 parts; tl1 has 1 scales for them",
    ),
]


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sound")
    offline = made(folder)
    return {label: written(folder, label, offline)[0].read_bytes() for label in LAYOUTS}


@pytest.mark.parametrize(("label", "change", "says"), FAULTS, ids=[each[2] for each in FAULTS])
def test_a_bad_file_is_refused_in_one_line(tmp_path, sound, label, change, says):
    path = tmp_path / "file.safetensors"
    path.write_bytes(sound[label])
    rewrite(path, lambda tensors, metadata: None)
    assert len(list(read_layout(path))) == 14
    rewrite(path, change)
    with pytest.raises(BitsimError) as caught:
        list(read_layout(path))
    line = str(caught.value)
    assert says in line
    assert line.startswith(str(path))
    assert len(line.splitlines()) == 1


def test_faults_of_the_header_come_before_any_matrix(tmp_path, sound):
    path = tmp_path / "int2.safetensors"
    path.write_bytes(sound["int2"])
    rewrite(path, lambda tensors, _: tensors.pop(f"{W2}_scale"))
    with pytest.raises(BitsimError, match="is missing"):
        read_layout(path)


@settings(max_examples=150)
@given(place=st.integers(0, 2500), byte=st.integers(0, 255), label=st.sampled_from(list(LAYOUTS)))
def test_a_changed_byte_of_the_header_is_refused_or_does_not_matter(
    sound, tmp_path_factory, place, byte, label
):
    raw = bytearray(sound[label])
    raw[place] = byte
    path = tmp_path_factory.mktemp("changed") / "file.safetensors"
    path.write_bytes(raw)
    try:
        found = list(read_layout(path))
    except BitsimError as error:
        lines = str(error).splitlines()
        assert lines and all(line.startswith(str(path)) and line.isprintable() for line in lines)
    else:
        assert len(found) == 14  # a name is another one, or heads are counted otherwise

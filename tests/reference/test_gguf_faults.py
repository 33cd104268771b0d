"""GGUF files that hang or crash naive readers: one line each, fast, in little memory."""

import json
import re
import struct
import time
import tracemalloc

import numpy as np
import pytest

from bitsim.errors import BitsimError
from bitsim.reference.load import load_network
from tests.reference import gguf_writer as w

CONFIG = json.loads((w.GOLDEN / "offline" / "config.json").read_text())
A = "bitnet-b1.58"
Q, EMBEDDING = "blk.1.attn_q.weight", "token_embd.weight"


def raw_value(kind, value):
    return w.header([w.key("a", kind, value)], [])


def nested(depth):
    return raw_value(9, (w.u32(9) + w.u64(1)) * depth + w.u32(4) + w.u64(0))


def alone(name="a", kind=w.F32, lengths=(8,), offset=0, keys=(), data=bytes(32)):
    """A file of one tensor, whose info says what is asked for."""
    return w.padded(w.header(list(keys), [w.tensor(name, kind, lengths, offset)])) + data


def dimensions(count):
    """A tensor that says it has `count` dimensions and goes on with zeros."""
    info = w.string("a") + w.u32(count) + bytes(64)
    return w.header([], [info])


HEADERS = {  # the bytes, and what the line must say
    "of 0 bytes": (b"", "shorter than the 24"),
    "of 4 bytes": (b"GGUF", "shorter than the 24"),
    "of 23 bytes": (w.header([], [])[:23], "shorter than the 24"),
    "of another magic": (w.header([], [], magic=b"GGML"), "name a GGUF file"),
    "of version 0": (w.header([], [], version=0), "version = 0"),
    "of version 1": (w.header([], [], version=1), "version = 1"),
    "of version 4": (w.header([], [], version=4), "version = 4"),
    "with the bytes of a big-endian machine": (w.header([], [], version=3 << 24), "little-endian"),
    **{
        f"of {count} keys": (w.header([], [], key_count=count), "key/value count")
        for count in (1, 2**32, 2**63, 2**64 - 1)
    },
    **{
        f"of {count} tensors": (w.header([], [], tensor_count=count), "tensor count")
        for count in (1, 2**32, 2**63, 2**64 - 1)
    },
    "of 20,000 keys": (w.header([], [], key_count=20_000) + bytes(300_000), "at most 16384"),
    "of a string of 2^63": (raw_value(8, w.u64(2**63)), "string length: 9223372036854775808"),
    "of a string one too long": (raw_value(8, w.u64(4) + b"abc"), "string length: 4"),
    "of an array of 2^63": (raw_value(9, w.u32(4) + w.u64(2**63)), "u32 count"),
    "of an array of 2^64-1 bytes": (raw_value(9, w.u32(0) + w.u64(2**64 - 1)), "u8 count"),
    "of an array of 2^61 u64": (raw_value(9, w.u32(10) + w.u64(2**61)), "u64 count"),
    "of an array of 2^63 strings": (raw_value(9, w.u32(8) + w.u64(2**63)), "string count"),
    "of an array with a string too long": (
        raw_value(9, w.u32(8) + w.u64(1) + w.u64(2**63)),
        "string length",
    ),
    "of arrays 2 deep": (nested(2), "elements are arrays"),
    "of arrays 10,000 deep": (nested(10_000), "elements are arrays"),
    "of an array of type 13": (raw_value(9, w.u32(13) + w.u64(1) + bytes(8)), "type 13"),
    "of a value of type 13": (raw_value(13, bytes(8)), "type 13"),
    "of a value of type 2^32-1": (raw_value(2**32 - 1, bytes(8)), "type 4294967295"),
    "of a bool of 2": (raw_value(7, b"\2"), "neither 0 nor 1"),
    "of an empty key": (w.header([w.key("", 4, w.u32(0))], []), "name of 0 bytes"),
    "of a key of 600 bytes": (w.header([w.whole("k" * 600, 0)], []), "name of 600 bytes"),
    "of a key that is not UTF-8": (w.header([w.whole(b"\xff\xfe", 0)], []), "not UTF-8"),
    "of a key twice": (w.header([w.whole("a", 0), w.whole("a", 0)], []), "there twice"),
    **{
        f"of alignment {value}": (
            w.header([w.whole("general.alignment", value)], []),
            f"'general.alignment' is {value};",
        )
        for value in (0, 1, 3, 24, 2**31)
    },
    "of an alignment in words": (w.header([w.text("general.alignment", "32")], []), "an integer"),
    **{
        f"of a tensor of {count} dimensions": (dimensions(count), f"has {count} dimensions")
        for count in (0, 5, 2**28, 2**32 - 1)
    },
    "of a dimension of 0": (alone(lengths=(8, 0)), "above 0"),
    "of bytes that add up past 2^64": (alone(lengths=(2**62, 4)), "needs 73786976294838206464"),
    "of dimensions that wrap to 0": (alone(lengths=(2**32, 2**32)), "needs 7378"),
    "of four dimensions of 2^63": (alone(lengths=(2**63,) * 4), "needs"),
    "of blocks whose bytes wrap": (alone(kind=w.Q8_0, lengths=(2**60, 16)), "needs"),
    "of I2_S whose bytes wrap": (alone(kind=w.I2_S, lengths=(2**62, 16)), "needs"),
    "of a row that is no whole block": (alone(kind=w.TQ2_0, lengths=(128, 2)), "blocks of 256"),
    "of a tensor of type 2": (alone(kind=2), "has type 2;"),
    "of a tensor of type 2^32-1": (alone(kind=2**32 - 1), "has type 4294967295"),
    "of an offset of 2^64-32": (alone(offset=2**64 - 32), "has offset 18446744073709551584"),
    "of an offset behind a gap": (alone(offset=64, data=bytes(128)), "has offset 64"),
    "of an offset that is not aligned": (alone(offset=4, data=bytes(64)), "has offset 4"),
    "of data a byte short": (alone(data=bytes(31)), "of a file of"),
    "of no data": (alone(data=b""), "of a file of"),
    "of bytes behind the data": (alone(data=bytes(96)), "64 bytes follow"),
    "of two tensors in one place": (
        w.padded(w.header([], [w.tensor(n, w.F32, (8,), 0) for n in "ab"])) + bytes(64),
        "has offset 0",
    ),
    "of a tensor twice": (
        w.padded(w.header([], [w.tensor("a", w.F32, (8,), 32 * n) for n in (0, 1)])) + bytes(64),
        "there twice",
    ),
    "of no keys and no tensors": (w.header([], []), "'general.architecture' is missing"),
}


def changed(edit):
    """A sound file after `edit(keys, tensors)`."""
    keys, tensors = w.golden_keys(CONFIG), w.golden_tensors("offline", CONFIG)
    edit(keys, tensors)
    return w.file_bytes(keys.values(), tensors)


def put(name, write, value):
    return lambda keys, tensors: keys.update({name: write(name, value)})


def store(name, kind, shape, raw):
    return lambda keys, tensors: tensors.update({name: (kind, shape, raw)})


def patch(name, at, raw):
    """Other bytes in a tensor."""

    def edit(keys, tensors):
        kind, shape, old = tensors[name]
        at_byte = at % len(old)
        tensors[name] = kind, shape, old[:at_byte] + raw + old[at_byte + len(raw) :]

    return edit


def scale(value):
    return patch(Q, 96 * 96 // 4, struct.pack("<f", value))


def tokens(count, element=8):
    def edit(keys, tensors):
        values = b"".join(w.string("x") if element == 8 else w.u32(1) for _ in range(count))
        name = "tokenizer.ggml.tokens"
        keys[name] = w.key(name, 9, w.u32(element) + w.u64(count) + values)

    return edit


NETWORKS = {
    "of llama": (put("general.architecture", w.text, "llama"), "is 'llama'"),
    "of an architecture that is a number": (put("general.architecture", w.whole, 1), "a string"),
    "of 0 layers": (put(f"{A}.block_count", w.whole, 0), "block_count"),
    "of 513 layers": (put(f"{A}.block_count", w.whole, 513), "block_count"),
    "of a layer more than there is": (put(f"{A}.block_count", w.whole, 4), "'blk.3.attn_norm"),
    "of a layer less than there is": (put(f"{A}.block_count", w.whole, 2), "none of this network"),
    "of heads that do not divide": (put(f"{A}.attention.head_count", w.whole, 5), "multiple"),
    "of a width in words": (put(f"{A}.embedding_length", w.text, "96"), "not an integer"),
    "of a width of 2^32-1": (put(f"{A}.embedding_length", w.whole, 2**32 - 1), "embedding_length"),
    "of no context": (lambda keys, _: keys.pop(f"{A}.context_length"), "context_length"),
    "of no eps": (lambda keys, _: keys.pop(f"{A}.attention.layer_norm_rms_epsilon"), "epsilon"),
    "of a NaN eps": (put(f"{A}.attention.layer_norm_rms_epsilon", w.real, np.nan), "epsilon"),
    "of a rotation of half a head": (put(f"{A}.rope.dimension_count", w.whole, 12), "only 24"),
    "of a scaled rotation": (put(f"{A}.rope.scaling.type", w.text, "yarn"), "rotation"),
    "of a factor of rotation": (put(f"{A}.rope.scaling.factor", w.real, 2.0), "rotation"),
    "of no bos": (lambda keys, _: keys.pop("tokenizer.ggml.bos_token_id"), "bos_token_id"),
    "of an eos outside": (put("tokenizer.ggml.eos_token_id", w.whole, 256), "outside the vocab"),
    "of another vocabulary": (put(f"{A}.vocab_size", w.whole, 255), "has 256 rows"),
    "of a token too many": (tokens(257), "not 256 strings"),
    "of tokens that are numbers": (tokens(256, element=4), "not 256 strings"),
    "of no embedding": (lambda _, tensors: tensors.pop(EMBEDDING), "is missing"),
    "of no gains": (lambda _, tensors: tensors.pop("output_norm.weight"), "is missing"),
    "of a bias": (store("blk.0.attn_q.bias", w.F32, (96,), bytes(384)), "none of this network"),
    "of a transposed matrix": (
        store("blk.0.ffn_up.weight", w.I2_S, (96, 200), w.i2_s(np.zeros(19200), 1.0)),
        "(transposed?)",
    ),
    "of a matrix of floats": (store(Q, w.F32, (96, 96), bytes(36864)), "has type F32"),
    "of ternary gains": (
        store("output_norm.weight", w.I2_S, (128,), w.i2_s(np.zeros(128), 1.0)),
        "has type I2_S",
    ),
    "of a scale beside of the wrong shape": (
        store("blk.0.attn_q.scale", w.F32, (2,), bytes(8)),
        "is not one F32",
    ),
    "of a negative scale beside": (
        store("blk.0.attn_q.scale", w.F32, (1,), struct.pack("<f", -1)),
        "is -1;",
    ),
    "of scale NaN": (scale(np.nan), "scale nan"),
    "of scale infinity": (scale(np.inf), "scale inf"),
    "of scale 0": (scale(0.0), "scale 0"),
    "of a negative scale": (scale(-1.0), "scale -1"),
    "of a denormal scale": (scale(1e-40), "scale 9.99995e-41"),
    "of the reserved code": (patch(Q, 5, b"\xc0"), "in 1 places"),
    "of an infinite gain": (patch("output_norm.weight", 8, struct.pack("<f", np.inf)), "finite"),
    "of a NaN in the embedding": (patch(EMBEDDING, 2, b"\xc0\x7f"), "finite"),
}
CASES = HEADERS | NETWORKS


def fault(path):
    """The one line that loading says, and its seconds."""
    begun = time.perf_counter()
    with pytest.raises(BitsimError) as caught:
        load_network(str(path))
    assert time.perf_counter() - begun < 2
    line = str(caught.value)
    assert "\n" not in line and line.isprintable()
    assert path.name in line
    assert len(line) < 600
    return line


@pytest.fixture(scope="module", autouse=True)
def _compiled(tmp_path_factory):
    """What is timed below is reading, not the first compilation."""
    path = tmp_path_factory.mktemp("sound") / "sound.gguf"
    path.write_bytes(changed(lambda keys, tensors: None))
    assert load_network(str(path)).spec.layers == 3


@pytest.mark.parametrize("name", CASES)
def test_a_file_is_refused_in_one_line(tmp_path, name):
    made, says = CASES[name]
    path = tmp_path / "bad.gguf"
    path.write_bytes(made if isinstance(made, bytes) else changed(made))
    tracemalloc.start()
    try:
        line = fault(path)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert says in line
    assert peak_bytes < 8 << 20


def tq_file(tmp_path, kind, stored):
    """A file whose embedding is sound and whose first matrix has these blocks."""
    config = CONFIG | {"hidden_size": 256, "intermediate_size": 256, "num_hidden_layers": 1}
    keys = w.golden_keys(config)
    tensors = {EMBEDDING: (w.F32, (256, 256), bytes(4 * 65536))}
    for name in ("output_norm", *(f"blk.0.{norm}" for norm in w.NORMS)):
        tensors[f"{name}.weight"] = (w.F32, (256,), bytes(1024))
    for name in w.MODULES:
        rows = 128 if name in ("attn_k", "attn_v") else 256
        tensors[f"blk.0.{name}.weight"] = (kind, (rows, 256), stored * rows)
    raw = tensors["blk.0.attn_q.weight"][2]
    path = tmp_path / "tq.gguf"
    path.write_bytes(w.file_bytes(keys.values(), tensors))
    return path, path.read_bytes().index(raw)


ONE = struct.pack("<e", 1.0)
TQ2_BLOCK = bytes([0b10_01_00_10]) * 64 + ONE
TQ1_BLOCK = bytes([0]) * 52 + ONE  # the number 0: every weight -1


@pytest.mark.parametrize(
    ("kind", "block", "at", "raw", "says"),
    [
        (w.TQ2_0, TQ2_BLOCK, 7, b"\x03", "no ternary weight in 1 places"),
        (w.TQ1_0, TQ1_BLOCK, 7, b"\x01", "no ternary weight in 1 places"),  # no multiple of 256/243
        (w.TQ1_0, TQ1_BLOCK, 48, b"\x02", "no ternary weight in 1 places"),  # a fifth trit of four
        (w.TQ2_0, TQ2_BLOCK, 130, struct.pack("<e", 2.0), "blocks of scale 1 and of 2"),
        (w.TQ1_0, TQ1_BLOCK, 106, struct.pack("<e", 2.0), "blocks of scale 1 and of 2"),
    ],
    ids=["code 3", "byte of no number", "fifth trit", "two scales", "two scales of TQ1_0"],
)
def test_tq_blocks_that_are_not_one_ternary_matrix_are_refused(
    tmp_path, kind, block, at, raw, says
):
    path, begin = tq_file(tmp_path, kind, block)
    load_network(str(path))
    stored = bytearray(path.read_bytes())
    stored[begin + at : begin + at + len(raw)] = raw
    path.write_bytes(stored)
    assert says in fault(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0, -1.0])
def test_tq_scales_that_are_no_scales_are_refused(tmp_path, value):
    path, _ = tq_file(tmp_path, w.TQ2_0, TQ2_BLOCK[:-2] + struct.pack("<e", value))
    fault(path)


def test_a_file_cut_anywhere_is_refused(tmp_path):
    whole = changed(lambda keys, tensors: None)
    path = tmp_path / "cut.gguf"
    for size in [*range(0, 4096, 13), *range(4096, len(whole), 4099), len(whole) - 1]:
        path.write_bytes(whole[:size])
        fault(path)


def test_a_flipped_header_byte_loads_or_is_refused_in_one_line(tmp_path):
    whole = changed(lambda keys, tensors: None)
    path = tmp_path / "flipped.gguf"
    random = np.random.default_rng(1)
    refused = 0
    for at in random.integers(0, 3000, 400):
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
    assert refused > 200


@pytest.mark.parametrize(("element", "each_bytes"), [(7, 1), (8, 8)])
@pytest.mark.parametrize("count", [2**21 + 1, 2**33])
def test_arrays_are_bounded_in_a_file_that_is_long_enough(tmp_path, element, each_bytes, count):
    path = tmp_path / "sparse.gguf"
    path.write_bytes(raw_value(9, w.u32(element) + w.u64(count)))
    with path.open("r+b") as file:
        file.truncate(64 + count * each_bytes)  # zeros that take no room on a disk
    assert re.search(r"at most \d+ are read", fault(path))


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(BitsimError, match="no such"):
        load_network(str(tmp_path / "none.gguf"))
    (tmp_path / "folder.gguf").mkdir()
    with pytest.raises(BitsimError, match=r"folder\.gguf"):
        load_network(str(tmp_path / "folder.gguf"))

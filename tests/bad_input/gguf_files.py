"""GGUF files whose header claims what is not there, or what no reader should believe."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bad_input.bad_file import BadFile
from tests.bad_input.gguf_networks import bad_networks
from tests.reference.checkpoints.gguf import gguf_writer as w

FILE = "model.gguf"
GIB = 1 << 30
MODEL = "{here}/model.gguf"
COMMANDS = (  # each file is met by one of them, in turn
    ("checkpoint", "info", MODEL),
    ("logits", "--network", MODEL, "--ids", "1,2", "--out", "{here}/logits"),
    ("run", "--network", MODEL, "--prompt", "a", "--tokens", "1", "--out", "{out}"),
    (
        "trace",
        "record",
        "--network",
        "{here}/model.gguf",
        "--prompt",
        "a",
        "--out",
        "{here}/a.trace",
    ),
    ("perplexity", "--network", MODEL, "{here}/text.txt"),
)
Faults = Iterator[tuple[str, bytes, str]]  # a sentence, the file, what must be said of it


def bad_gguf() -> Iterator[BadFile]:
    """All of them."""
    faults = (*_starts(), *_counts(), *_values(), *_names(), *_alignments(), *_tensors(), *_data())
    whole = [(name, content, says, 0) for name, content, says in (*faults, *bad_networks())]
    for number, (name, content, says, size) in enumerate([*whole, *_sparse()]):
        argv = COMMANDS[number % len(COMMANDS)]
        sizes = {FILE: size} if size else {}
        yield BadFile("GGUF", name, {FILE: content, "text.txt": b"a"}, FILE, argv, says, sizes)
    for name, files, says in (
        ("there is no file", {}, "no such file; check the path"),
        ("the file is a folder", {f"{FILE}/a": b""}, f"{FILE}/config.json: no such file"),
    ):
        yield BadFile("GGUF", name, files | {"text.txt": b"a"}, FILE, COMMANDS[1], says)


def one_value(kind: int, value: bytes) -> bytes:
    """A file of one key, of any type id and any bytes."""
    return w.header([w.key("a", kind, value)], [])


def one_tensor(name="a", kind=w.F32, lengths=(8,), offset=0, data=bytes(32)) -> bytes:
    """A file of one tensor, whose info says what is asked for."""
    return w.padded(w.header([], [w.tensor(name, kind, lengths, offset)])) + data


def two_tensors(names: str, offsets: tuple[int, int], data_bytes: int = 64) -> bytes:
    """A file of two tensors of 32 bytes."""
    infos = [w.tensor(n, w.F32, (8,), at) for n, at in zip(names, offsets, strict=True)]
    return w.padded(w.header([], infos)) + bytes(data_bytes)


def _starts() -> Faults:
    for size in (0, 4, 23):
        yield f"the file has {size} bytes", w.header([], [])[:size], f"{size} bytes: shorter than"
    yield "the magic is GGML", w.header([], [], magic=b"GGML"), "b'GGML', not b'GGUF'"
    yield "the magic is that of a zip", b"PK\3\4" + bytes(60), "b'PK\\x03\\x04', not b'GGUF'"
    for version in (0, 1, 4, 2**32 - 1):
        text = f"version = {version}: "
        yield f"the version is {version}", w.header([], [], version=version), text
    big = w.header([], [], version=3 << 24)
    yield "the version has a big-endian machine's bytes", big, "little-endian, are read"
    yield "there is no key and no tensor", w.header([], []), "'general.architecture' is missing"


def _counts() -> Faults:
    for count, text in (
        (1, "1"),
        (2**32, "2^32"),
        (2**63, "2^63"),
        (2**64 - 1, "2^64 - 1 (CVE-2024-23605)"),
    ):
        keys = w.header([], [], key_count=count)
        yield f"the key/value count is {text}", keys, f"key/value count: {count} x 13 bytes"
        tensors = w.header([], [], tensor_count=count)
        yield f"the tensor count is {text}", tensors, f"tensor count: {count} x 32 bytes"
    count = 2**64 // 13 + 1  # times 13 bytes, the least that a key takes, is 2^64 + 10
    keys = w.header([], [], key_count=count) + bytes(64)
    yield "the key/value count wraps to 10 bytes", keys, f"key/value count: {count} x 13 bytes"
    tensors = w.header([], [], tensor_count=2**59) + bytes(64)
    yield "the tensor count wraps to no bytes", tensors, f"tensor count: {2**59} x 32 bytes"
    many = w.header([], [], key_count=20_000) + bytes(300_000)
    yield "the key/value count is 20,000", many, "key/value count: 20000, at most 16384"
    many = w.header([], [], tensor_count=20_000) + bytes(700_000)
    yield "the tensor count is 20,000", many, "tensor count: 20000, at most 16384"


def _values() -> Faults:
    def array(kind: int, count: int, content: bytes = b"") -> bytes:
        return one_value(9, w.u32(kind) + w.u64(count) + content)

    for text, length in (("2^63", 2**63), ("2^64 - 1", 2**64 - 1), ("2^32", 2**32)):
        string = one_value(8, w.u64(length))
        yield f"a string has {text} bytes", string, f"key 'a': string length: {length}"
        inside = array(8, 1, w.u64(length))
        yield f"a string in an array has {text} bytes", inside, f"string length: {length}"
    yield "a string is a byte too long", one_value(8, w.u64(4) + b"abc"), "string length: 4"
    yield "an array has 2^63 integers", array(4, 2**63), "u32 count: 9223372036854775808"
    yield "an array has 2^64 - 1 bytes", array(0, 2**64 - 1), "u8 count: 18446744073709551615"
    yield "an array has 2^61 u64, 2^64 bytes", array(10, 2**61), "u64 count: 2305843009213693952"
    yield "an array has 2^63 strings", array(8, 2**63), "string count: 9223372036854775808"
    yield "an array has 2^63 bools", array(7, 2**63), "bool count: 9223372036854775808"
    yield "an array is an element too long", array(4, 3, bytes(8)), "u32 count: 3 x 4 bytes"
    for depth, text in ((2, "2"), (10_000, "10,000")):
        nested = one_value(9, (w.u32(9) + w.u64(1)) * depth + w.u32(4) + w.u64(0))
        yield f"arrays are nested {text} deep", nested, "an array whose elements are arrays"
    wide = one_value(9, w.u32(9) + w.u64(2**63) + bytes(64))
    yield "an array has 2^63 arrays", wide, "an array whose elements are arrays"
    yield "an array's elements have type 13", array(13, 1, bytes(8)), "elements have type 13"
    last = array(2**32 - 1, 1, bytes(8))
    yield "an array's elements have type 2^32 - 1", last, "elements have type 4294967295"
    yield "a value has type 13", one_value(13, bytes(8)), "key 'a' has type 13"
    yield "a value has type 2^32 - 1", one_value(2**32 - 1, bytes(8)), "has type 4294967295"
    yield "a bool is 2", one_value(7, b"\2"), "a bool that is neither 0 nor 1"
    yield "a bool in an array is 255", array(7, 2, b"\1\xff"), "a bool that is neither 0 nor 1"
    yield "a value is cut off", one_value(10, bytes(7)), "key 'a'"
    yield "a type is cut off", w.header([w.string("a") + bytes(3)], [], key_count=1), "key"


def _names() -> Faults:
    yield "a key has no name", w.header([w.whole("", 0)], []), "key 0 has a name of 0 bytes"
    yield "a key's name has 600 bytes", w.header([w.whole("k" * 600, 0)], []), "name of 600 bytes"
    claim = w.header([w.u64(2**63) + bytes(16)], [])
    yield "a key's name has 2^63 bytes", claim, "string length: 9223372036854775808"
    no_text = w.header([w.whole(b"\xff\xfe", 0)], [])
    yield "a key's name is not UTF-8", no_text, "its name is not UTF-8"
    twice = w.header([w.whole("a", 0), w.whole("a", 0)], [])
    yield "a key is there twice", twice, "key 'a' is there twice"
    yield "a tensor has no name", one_tensor(name=""), "tensor 0 has a name of 0 bytes"
    yield "a tensor's name has 600 bytes", one_tensor(name="k" * 600), "name of 600 bytes"
    yield "a tensor's name is not UTF-8", one_tensor(name=b"\xff"), "its name is not UTF-8"
    yield "a tensor is there twice", two_tensors("aa", (0, 32)), "tensor 'a' is there twice"
    escape = one_tensor(name="\x1b[2J\n../../x", lengths=(2**40,))
    yield "a tensor's name has control characters", escape, "tensor '\\x1b[2J\\n../../x'"


def _alignments() -> Faults:
    name = "general.alignment"
    for value in (0, 1, 3, 24, 2**17, 2**31, 2**32 - 1):
        text = f"'{name}' is {value};"
        yield f"the alignment is {value}", w.header([w.whole(name, value)], []), text
    words = w.header([w.text(name, "32")], [])
    yield "the alignment is a string", words, f"'{name}' is not an integer"
    below = w.header([w.key(name, 5, b"\xe0\xff\xff\xff")], [])
    yield "the alignment is -32", below, f"'{name}' is -32;"


def _tensors() -> Faults:
    for count, text in (
        (0, "no dimension"),
        (5, "5 dimensions"),
        (2**28, "2^28 dimensions (CVE-2024-21802)"),
        (2**32 - 1, "2^32 - 1 dimensions (CVE-2024-21802)"),
    ):
        content = w.header([], [w.string("a") + w.u32(count) + bytes(64)])
        yield f"a tensor has {text}", content, f"tensor 'a' has {count} dimensions"
    yield "a dimension is 0", one_tensor(lengths=(8, 0)), "dimensions [8, 0]; F32 needs them above"
    sums = one_tensor(lengths=(2**62, 4))
    yield "a tensor has 2^66 bytes", sums, "needs 73786976294838206464 bytes"
    wraps = "dimensions wrap to no bytes (CVE-2026-33298)"
    yield f"a tensor's {wraps}", one_tensor(lengths=(2**32, 2**32)), "needs 7378697629483820"
    for kind, lengths in ((w.Q8_0, (2**60, 16)), (w.Q6_K, (2**60, 2**8)), (w.TQ2_0, (2**63, 2**8))):
        content = one_tensor(kind=kind, lengths=lengths)
        yield f"of blocks of type {kind}, a tensor's {wraps}", content, "needs"
    i2_s = one_tensor(kind=w.I2_S, lengths=(2**62, 16))
    yield f"of I2_S, a tensor's {wraps}", i2_s, "needs 18446744073709551648 bytes"
    yield "four dimensions are 2^63", one_tensor(lengths=(2**63,) * 4), "needs"
    quarter = one_tensor(kind=w.I2_S, lengths=(64, 1))
    yield "a tensor of I2_S is half a block", quarter, "whole blocks of 128"
    part = one_tensor(kind=w.TQ2_0, lengths=(128, 2))
    yield "a row is half a block", part, "whole blocks of 256"
    for kind in (2, 31, 40, 2**32 - 1):
        yield f"a tensor has type {kind}", one_tensor(kind=kind), f"tensor 'a' has type {kind};"
    infos = [w.tensor(f"{n}", w.F32, (2**59,), n * 2**61 % 2**64) for n in range(9)]
    sums = "the tensors' bytes add up past 2^64 (CVE-2025-53630, CVE-2026-27940)"
    yield sums, w.padded(w.header([], infos)) + bytes(32), "needs 2305843009213693952 bytes"
    cut = w.header([], [w.tensor("a", w.F32, (8,), 0)[:-1]])
    yield "a tensor's offset is cut off", cut, "tensor"


def _data() -> Faults:
    yield "an offset is 2^64 - 32", one_tensor(offset=2**64 - 32), "offset 18446744073709551584"
    yield "an offset leaves a gap", one_tensor(offset=64, data=bytes(128)), "has offset 64"
    yield "an offset is not aligned", one_tensor(offset=4, data=bytes(64)), "has offset 4"
    short = "the data is shorter than declared (CVE-2026-7482)"
    yield f"{short}: by a byte", one_tensor(data=bytes(31)), "of a file of"
    yield f"{short}: all of it", one_tensor(data=b""), "of a file of"
    yield "64 bytes follow the data", one_tensor(data=bytes(96)), "64 bytes follow"
    yield "two tensors are in one place", two_tensors("ab", (0, 0)), "has offset 0"
    yield "two tensors overlap by half", two_tensors("ab", (0, 16)), "has offset 16"
    yield "the second of two tensors is cut", two_tensors("ab", (0, 32), 63), "of a file of"


def _sparse() -> Iterator[tuple[str, bytes, str, int]]:
    """Large files of zeros, which have the bytes that a header claims; and what must be said."""
    for name, kind, count in (("bytes", 0, 8 * GIB), ("u64", 10, GIB - 8)):
        claim = one_value(9, w.u32(kind) + w.u64(count))
        text = "'general.architecture' is missing"  # values that are passed over cost nothing
        yield f"an array has 8 GiB of {name}, all there", claim, text, len(claim) + 8 * GIB
    for name, kind, count in (("strings", 8, GIB), ("bools", 7, 8 * GIB), ("bools", 7, 2**21 + 1)):
        claim = one_value(9, w.u32(kind) + w.u64(count))
        text = f"{count}, at most 2097152 are read"
        yield f"an array has {count} {name}, all there", claim, text, len(claim) + 8 * GIB
    claim = w.header([w.u64(8 * GIB)], [])
    yield "a key's name has 8 GiB, all there", claim, "a name of 8589934592 bytes", 9 * GIB
    claim = w.header([w.key("general.architecture", 8, w.u64(8 * GIB))], [])
    yield "the architecture has 8 GiB, all there", claim, "a string of 8589934592 bytes", 9 * GIB
    for what, counts in (("tensor", {"tensor_count": GIB}), ("key/value", {"key_count": GIB})):
        text = f"{what} count: 1073741824, at most 16384"
        content = w.header([], [], **counts)
        yield f"the {what} count is 2^30, with room for them", content, text, 64 * GIB
    yield "8 GiB follow the data", one_tensor(), "bytes follow the last tensor", 8 * GIB
    content = one_tensor(lengths=(2**31,), data=b"")
    text = "'general.architecture' is missing"
    yield "a tensor of 8 GiB is all there is", content, text, len(content) + 8 * GIB

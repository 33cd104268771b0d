"""kernel_config.ini, as bitnet.cpp's generators write it, and what it can have wrong."""

import pytest

from bitsim.errors import BitsimError
from bitsim.reference.checkpoints.layouts.kernel_config import read_kernel_config

# microsoft/BitNet, preset_kernels/bitnet_b1_58-large/kernel_config_tl1.ini
LARGE = """[Kernels_0]
m = 1536
k = 4096
bm = 256
bk = 128
bmm = 32

[Kernels_1]
m = 1536
k = 1536
bm = 128
bk = 64
bmm = 64

[Kernels_2]
m = 4096
k = 1536
bm = 256
bk = 128
bmm = 32

"""


def test_a_preset_is_read(tmp_path):
    path = tmp_path / "kernel_config.ini"
    path.write_text(LARGE)
    assert read_kernel_config(path) == {
        (1536, 4096): (256, 128, 32),
        (1536, 1536): (128, 64, 64),
        (4096, 1536): (256, 128, 32),
    }
    path.write_text(LARGE + "[again]\nm = 1536\nk = 1536\nbm = 32\nbk = 8\nbmm = 32\n")
    assert read_kernel_config(path)[1536, 1536] == (128, 64, 64)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has no section"),
        ("m = 3\n", "File contains no section headers"),
        ("[a]\nm\n", "parsing errors"),
        (LARGE + LARGE, "already exists"),
        (LARGE.replace("bm = 128", "bm = 128\nbm = 64"), "already exists"),
        (LARGE.replace("bm = 128", "bm = many"), "'Kernels_1': bm = 'many'"),
        (LARGE.replace("bm = 128", "bm = -128"), "'Kernels_1': bm = '-128'"),
        (LARGE.replace("bm = 128", "bm = 0"), "'Kernels_1': bm = 0"),
        (LARGE.replace("bm = 128", "bm = " + "9" * 5000), "'Kernels_1': bm = '999"),
        (LARGE.replace("bm = 128", "bm = 99999999"), "'Kernels_1': bm = 99999999"),
        (LARGE.replace("bm = 128\n", ""), "'Kernels_1': bm: missing; add it"),
        (LARGE.replace("bm = 128", "bm = 128\nby = 4"), "'Kernels_1': by: unknown field"),
        (LARGE.replace("bm = 128", "bm = %(k)s"), "'Kernels_1': bm = '%(k)s'"),
        ("[a\x07]\nm = 1\n", "'a\\x07'"),
        ("#" * 300_000, "300000 bytes; such a file has at most"),
        (b"\xff", "byte 0 is not UTF-8"),
    ],
    ids=lambda each: each[:24] if isinstance(each, str) else "bytes",
)
def test_a_bad_file_is_refused_line_by_line(tmp_path, text, says):
    path = tmp_path / "kernel_config.ini"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BitsimError) as caught:
        read_kernel_config(path)
    lines = str(caught.value).splitlines()
    assert says in lines[0]
    assert all(line.startswith(str(path)) and line.isprintable() for line in lines)

"""What the published kernels read out of the bytes of a layout, slowly, one weight at a time.

They share nothing with the implementation, which follows the published converters: each walks the
addresses that a kernel of microsoft/BitNet computes. What is inside a tile is the kernels' own;
that tiles of TL1 and TL2 follow along K and then along N, and areas each other, is the order of
the converter.
"""

import numpy as np


def weights(n, k):
    """A matrix that any numpy makes alike: bits of a multiplicative hash, modulo 3."""
    index = np.arange(n * k, dtype=np.uint64)
    return (((index * 2654435761) % 2**32 >> 16) % 3).astype(np.int8).reshape(n, k) - np.int8(1)


def read_int2(stored, n, k):
    """gpu/bitnet_kernels/bitnet_kernels.h, `ladder_int8xint2_kernel` and `decode_i2s_to_i8s`."""
    out = np.full((n, k), 9)
    for block in range(n // 16):
        for y in range(16):  # threadIdx.y
            for x in range(k // 16):  # threadIdx.x, over all of K
                at = block * 16 * k // 4 + (x >> 1) * 128 + (y >> 3) * 64 + (x & 1) * 32
                at += (y & 7) * 4
                word = int.from_bytes(stored[at : at + 4].tobytes(), "little")
                for i in range(4):
                    four = (word >> 2 * i & 0x03030303).to_bytes(4, "little")
                    for lane, code in enumerate(four):
                        out[16 * block + y, 16 * x + 4 * i + lane] = code - 2
    return out


def read_tl1(stored, n, k, bm, bk, bmm):
    """utils/templates/tl1_table1.h, tl1_core.h and `qgemm_lut` of utils/codegen_tl1.py."""
    out = np.full((n, k), 9)
    pairs_in_tile, by = bk // 2, 256 // bmm
    for tile_row in range(n // bm):
        for k_outer in range(k // bk):
            a = stored[tile_row * bm * k // 4 + k_outer * (bk // 2 // 2 * bm) :]
            for i in range(0, bm, bmm):
                for step in range(pairs_in_tile // (by // 2)):
                    for index in range(4):
                        at = i * pairs_in_tile // 2 + step * 64 + index * 16
                        pair = (by * step + 4 * index % by) // 2  # two tables a pair
                        row = tile_row * bm + i + index * 2 // (by // 2) * 16
                        for lane in range(16):
                            byte = int(a[at + lane])
                            for half, code in enumerate((byte >> 4, byte & 15)):
                                column = k_outer * bk + 2 * (pair + half)
                                assert code < 9
                                out[row + lane, column] = code // 3 - 1
                                out[row + lane, column + 1] = code % 3 - 1
    return out


def unpacked_row(byte):
    """Row of a strip that byte 0..31 of a register reaches: unpacklo to 0..15, unpackhi to 16.."""
    lane, place = divmod(byte, 16)
    return place % 8 + 8 * lane + (16 if place >= 8 else 0)


def read_tl2(stored, n, k, bm, bk):
    """utils/templates/tl2_table_impl.h, `three_tbl_impl` and `two_tbl_impl`."""
    out = np.full((n, k), 9)
    three_k = k // bk * bk
    two_k = k - three_k
    sign_area = stored[n * three_k // 3 // 2 :]
    two_area = sign_area[n * three_k // 3 // 8 :]
    triples = bk // 3
    for tile_row in range(n // bm):
        for k_outer in range(three_k // bk):
            a = stored[tile_row * bm * three_k // 6 + k_outer * (triples // 2 * bm) :]
            signs = sign_area[tile_row * bm * three_k // 24 + k_outer * (triples // 8 * bm) :]
            for i in range(0, bm, 32):
                for step in range(triples // 8):
                    words = signs[i * triples // 8 + step * 32 :][:32].view("<u2")
                    for j in range(4):
                        register = a[i * triples // 2 + (step * 4 + j) * 32 :][:32]
                        for byte in range(32):
                            row = unpacked_row(byte)
                            for half in range(2):  # top, bottom
                                bit = 15 - (4 * j + 2 * half + row // 16)
                                value = int(register[byte]) >> (4 - 4 * half) & 15
                                assert value < 14
                                if int(words[row % 16]) >> bit & 1:
                                    value = -value
                                column = k_outer * bk + 3 * (step * 8 + 2 * j + half)
                                for place in range(2, -1, -1):
                                    digit = (value + 1) % 3 - 1
                                    out[tile_row * bm + i + row, column + place] = digit
                                    value = (value - digit) // 3
        for k_outer in range(two_k // 32):
            a = two_area[tile_row * bm * two_k // 4 + k_outer * (32 // 2 // 2 * bm) :]
            for i in range(0, bm, 32):
                for j in range(8):
                    for byte in range(32):
                        code = int(a[i * 8 + j * 32 + byte])
                        for half, pair in enumerate((code >> 4, code & 15)):
                            column = three_k + k_outer * 32 + 4 * j + 2 * half
                            row = tile_row * bm + i + unpacked_row(byte)
                            assert pair < 9
                            out[row, column : column + 2] = pair // 3 - 1, pair % 3 - 1
    return out

"""Frames on the serial line to an accelerator (docs/serial.md): what both ends must agree on."""

from __future__ import annotations

import enum

SYNC = 0xA5  # a frame begins with it; it may occur inside one too

# After SYNC: kind, sequence, length of the body, low byte first; then the body and the CRC.
HEADER_BYTES = 4
CRC_BYTES = 2

# A request for registers or memory: byte address, 4 bytes; count of words, 2 bytes; lowest first.
RANGE_BYTES = 6
WORD_BYTES = 4
MAX_WORDS = 128  # of one frame

# CRC-16/IBM-3740, also called CCITT-FALSE, over kind to body; sent high byte first. Computed over
# kind to body and the CRC itself, it is 0.
CRC_POLYNOMIAL = 0x1021
CRC_INIT = 0xFFFF

# A frame is over when nothing has come for this long. USB adapters send in parcels with gaps of
# up to some ms between them.
SILENCE_S = 0.02


class Kind(enum.IntEnum):
    """What is asked for."""

    HELLO = 0x01
    READ_REGISTERS = 0x02
    WRITE_REGISTERS = 0x03
    READ_MEMORY = 0x04
    WRITE_MEMORY = 0x05


WRITES = (Kind.WRITE_REGISTERS, Kind.WRITE_MEMORY)
DONE = 0x80  # is added to the kind of a request that was done
REFUSED = 0xC0  # kind of the answer to one that was not; its body is a `Refusal`


class Refusal(enum.IntEnum):
    """Why a request was not done."""

    DAMAGED = 1  # CRC, a stop bit or the length is wrong, or the end is missing: send it again
    KIND = 2  # no such kind
    LENGTH = 3  # the body has not the bytes that kind and count ask for, or the count is bad
    ADDRESS = 4  # no such register, beyond the memory, or not a multiple of 4

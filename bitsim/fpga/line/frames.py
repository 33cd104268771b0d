"""Frames of the serial line as bytes (docs/serial.md)."""

from __future__ import annotations

import binascii
from dataclasses import dataclass

from bitsim.spec.host.serial_protocol import (
    CRC_BYTES,
    CRC_INIT,
    HEADER_BYTES,
    MAX_WORDS,
    RANGE_BYTES,
    SYNC,
    WORD_BYTES,
)

MAX_BODY_BYTES = RANGE_BYTES + WORD_BYTES * MAX_WORDS


@dataclass(frozen=True)
class Frame:
    """A request or an answer; kind and sequence are bytes."""

    kind: int
    sequence: int
    body: bytes

    def encoded(self) -> bytes:
        """What goes over the line."""
        length = len(self.body).to_bytes(2, "little")
        checked = bytes([self.kind, self.sequence]) + length + self.body
        return bytes([SYNC]) + checked + crc(checked).to_bytes(CRC_BYTES, "big")


def crc(data: bytes) -> int:
    """CRC-16/IBM-3740."""
    return binascii.crc_hqx(data, CRC_INIT)


class FrameReader:
    """Finds frames in bytes as they come; bytes that begin no frame are skipped, one by one."""

    def __init__(self) -> None:
        self._held = b""

    def take(self, data: bytes) -> list[Frame]:
        """Frames that are whole with these bytes."""
        self._held += data
        frames: list[Frame] = []
        while (start := self._held.find(SYNC)) >= 0:
            self._held = self._held[start:]
            body = 1 + HEADER_BYTES
            if len(self._held) < body:
                return frames
            length = int.from_bytes(self._held[body - 2 : body], "little")
            end = body + length + CRC_BYTES
            if length <= MAX_BODY_BYTES and len(self._held) < end:
                return frames
            if length <= MAX_BODY_BYTES and crc(self._held[1:end]) == 0:
                kind, sequence = self._held[1:3]
                frames.append(Frame(kind, sequence, self._held[body : body + length]))
                self._held = self._held[end:]
            else:
                self._held = self._held[1:]
        self._held = b""
        return frames

    def forget(self) -> None:
        """Drop a frame that has begun."""
        self._held = b""

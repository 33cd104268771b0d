"""Registers and memory behind a serial line (docs/serial.md)."""

from __future__ import annotations

from amaranth.hdl import Module, Mux
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from bitsim.gateware.host.register_bank import RegisterAccess
from bitsim.gateware.serial.frame_receiver import FrameReceiver
from bitsim.gateware.serial.frame_sender import FrameSender
from bitsim.gateware.serial.onchip_memory import MemoryAccess
from bitsim.gateware.serial.request_runner import RequestRunner
from bitsim.gateware.serial.uart import UartReceiver, UartTransmitter
from bitsim.spec.host.serial_protocol import MAX_WORDS
from bitsim.spec.registers.register import REGISTER_BITS


class SerialBridge(wiring.Component):
    """UART, frames, and what does the requests in them; nothing is received while one is answered.

    rx, tx    the serial line
    access    registers
    memory    its words
    """

    def __init__(self, divisor: int, silence: int, memory_bytes: int) -> None:
        self.divisor = divisor  # clock cycles of a bit
        self.silence = silence  # clock cycles without a byte that end a frame
        self.memory_bytes = memory_bytes
        super().__init__(
            {
                "rx": In(1),
                "tx": Out(1, init=1),
                "access": Out(RegisterAccess()),
                "memory": Out(MemoryAccess(memory_bytes)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.receiver = receiver = UartReceiver(self.divisor)
        m.submodules.transmitter = transmitter = UartTransmitter(self.divisor)
        m.submodules.requests = requests = FrameReceiver(self.silence)
        m.submodules.answers = answers = FrameSender()
        m.submodules.runner = runner = RequestRunner(self.memory_bytes)
        m.submodules.buffer = buffer = Memory(shape=REGISTER_BITS, depth=MAX_WORDS, init=[])
        write = buffer.write_port()
        read = buffer.read_port()

        wiring.connect(m, receiver.octets, requests.octets)
        wiring.connect(m, answers.octets, transmitter.octets)
        wiring.connect(m, runner.access, wiring.flipped(self.access))
        wiring.connect(m, runner.memory, wiring.flipped(self.memory))
        for name in ("arrived", "intact", "kind", "number", "length", "address", "count"):
            m.d.comb += getattr(runner, name).eq(getattr(requests, name))
        m.d.comb += [
            receiver.line.eq(self.rx),
            self.tx.eq(transmitter.line),
            requests.broken.eq(receiver.broken),
            requests.quiet.eq(receiver.quiet),
            requests.listen.eq(runner.listen),
            answers.start.eq(runner.answer),
            answers.kind.eq(runner.answer_kind),
            answers.number.eq(requests.number),
            answers.length.eq(runner.answer_length),
            answers.coded.eq(runner.coded),
            answers.code.eq(runner.code),
            answers.word.eq(read.data),
            runner.answering.eq(answers.busy),
            runner.fetched.eq(read.data),
            # One at a time: a request comes, is done, is answered.
            write.en.eq(requests.store | runner.store),
            write.addr.eq(Mux(runner.listen, requests.place, runner.place)),
            write.data.eq(Mux(runner.listen, requests.word, runner.stored)),
            read.en.eq(1),
            read.addr.eq(Mux(answers.busy, answers.place, runner.place)),
        ]
        return m

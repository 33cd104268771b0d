"""The top level of an FPGA board: an accelerator behind a serial line, its clock and its reset."""

from __future__ import annotations

from amaranth.hdl import ClockDomain, ClockSignal, DomainRenamer, Module, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from bitsim.gateware.accelerator import SerialAccelerator
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.board import BoardSpec

# Block RAM of iCE40 reads as zeros for some 3 us after configuration, by amaranth.vendor's account,
# which waits for 15.
RESET_US = 32

# Ports; the constraint files name them.
CLOCK, RX, TX = "clk_pin", "rx", "tx"
BUSY_LED, IRQ_LED, RESET_BUTTON = "busy_led", "irq_led", "reset_button"


class BoardReset(wiring.Component):
    """Reset from the first clock after configuration, and as long as the button is pressed.

    button  in no relation to the clock
    reset   leaves `cycles` clock edges after both are over
    """

    def __init__(self, cycles: int) -> None:
        self.cycles = cycles
        super().__init__({"button": In(1), "reset": Out(1, init=1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        pressed = Signal()
        left = Signal(range(self.cycles + 1), init=self.cycles)
        m.submodules.synchronizer = FFSynchronizer(self.button, pressed)
        with m.If(pressed):
            m.d.sync += [left.eq(self.cycles), self.reset.eq(1)]
        with m.Elif(left != 0):
            m.d.sync += left.eq(left - 1)
        with m.Else():
            m.d.sync += self.reset.eq(0)
        return m


class BoardTop(wiring.Component):
    """Pins as they are on the board.

    clk_pin            the oscillator: the clock of everything
    rx, tx             the serial line
    busy_led, irq_led  of the polarity that the board has
    reset_button       the same; only where the board has one
    """

    def __init__(self, machine: AcceleratorSpec, board: BoardSpec) -> None:
        self.machine = machine
        self.board = board
        button = {} if board.reset is None else {RESET_BUTTON: In(1)}
        super().__init__(
            {
                CLOCK: In(1),
                RX: In(1),
                TX: Out(1),
                BUSY_LED: Out(1),
                IRQ_LED: Out(1),
                **button,
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        board, low = self.board, self.board.leds.active_low
        m.domains.sync = ClockDomain()
        m.domains.power = ClockDomain(reset_less=True)
        reset = BoardReset(round(RESET_US * board.clock.mhz))
        m.submodules.power_on = DomainRenamer("power")(reset)
        m.submodules.accelerator = machine = SerialAccelerator(self.machine)
        m.d.comb += [
            ClockSignal("power").eq(self.clk_pin),
            ClockSignal().eq(self.clk_pin),
            ResetSignal().eq(reset.reset),
            machine.rx.eq(self.rx),
            self.tx.eq(machine.tx),
            self.busy_led.eq(~machine.busy if low else machine.busy),
            self.irq_led.eq(~machine.irq if low else machine.irq),
        ]
        if board.reset is not None:
            button = ~self.reset_button if board.reset.active_low else self.reset_button
            m.d.comb += reset.button.eq(button)
        return m

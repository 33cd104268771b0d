"""For people with an FPGA board, or without one: does it answer, over a bad serial line too?

The accelerator's Verilog runs under Verilator behind a pseudo-terminal, each bit on its line, and
computes the embedded network's ternary products: those of the first layer, or of as many as are
asked for. A few bytes are damaged on their way. `python additions_on_a_board.py 8 3`: eight
additions, all three layers. For a true board, `BoardPort` takes its accelerator and /dev/ttyUSB0.
"""

import sys
import tempfile
from pathlib import Path

import bitsim
from bitsim.fpga.host.run import BoardPort, ask_board
from bitsim.verilated.serial.process import Line, SerialProcess, build_serial_process

count = int(sys.argv[1]) if len(sys.argv) > 1 else 1
layers = int(sys.argv[2]) if len(sys.argv) > 2 else 1

operands = [(7, 8), (734, 589), (9999, 1), (60, 7), (1234, 4321), (85, 915), (2, 2), (5050, 4950)]
sums = {f"{a}+{b}=": str(a + b) for a, b in operands[:count]}

accelerator = bitsim.load_accelerator("dot_2x10_serial")
program = build_serial_process(accelerator, Path("build/rtl"))
with (
    SerialProcess(program, accelerator, Line(damage=2e-5, seed=1)) as board,
    tempfile.TemporaryDirectory() as work,
):
    port = BoardPort(accelerator, board.path)
    result = ask_board(port, "addition", list(sums), 8, Path(work), layers=layers, say=print)
    passed = board.stop()

print(result.text())
print(f"{passed.damaged_bytes} bytes damaged in {passed.cycles} cycles of the accelerator")
right = 0
for answer in result.answers:
    right += answer.text == sums[answer.prompt]
    print(f"{answer.prompt}{answer.text}")
print(f"{right} of {len(sums)} right")
assert result.agrees
assert right == len(sums)

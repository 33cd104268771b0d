"""For the prototyper: Verilog of a machine of your own, and the proof that it does as simulated.

Takes the default accelerator, makes it small, writes its Verilog and replays random phases, free
and with stalls on every stream, under Verilator: every value, cycle and counter is compared.
"""

from pathlib import Path

import bitsim

machine = bitsim.load_accelerator("dot_16x40").changed(
    {
        "name": "dot_4x10",
        "array.columns": 4,
        "array.lanes": 10,
        "array.activation_buffer_beats": 4096,
    }
)

Path("dot_4x10.v").write_text(bitsim.emit(machine))
print(f"dot_4x10.v: {Path('dot_4x10.v').stat().st_size} bytes")

result = bitsim.check(machine, seed=1, say=print)
print(result.text())
assert result.agrees

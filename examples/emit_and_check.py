"""For the prototyper: Verilog of a machine of your own, and the proof that it does as simulated.

Takes the default accelerator, makes it small, writes its Verilog and replays three random phases
with stalls on every stream under Verilator: every value, cycle and counter is compared.
"""

from pathlib import Path

from bitsim import agreement, load_accelerator
from bitsim.gateware import emit

base = load_accelerator("dot_16x40")
array = base.array.model_copy(update={"columns": 4, "lanes": 10, "activation_buffer_beats": 4096})
machine = base.model_copy(update={"name": "dot_4x10", "array": array})

Path("dot_4x10.v").write_text(emit(machine))
print(f"dot_4x10.v: {Path('dot_4x10.v').stat().st_size} bytes")

result = agreement.check_machine(machine, phases=3, seed=1, work=Path("build"), say=print)
print(result.text())
assert result.agrees

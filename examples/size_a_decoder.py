"""For the sizing engineer: how many columns are worth their area in front of one DDR4 channel?

One token of the 2B model, timing alone, on machines that differ in one number.
"""

import bitsim

base = bitsim.load_accelerator("dot_16x40")

print("columns   tokens/s   J/token     mm2   waits for weights   utilisation")
for columns in (4, 8, 16, 32):
    machine = base.changed({"array.columns": columns})
    result = bitsim.simulate(machine, "bitnet-b1.58-2b-4t", context=512)
    waits = result.stall_cycles["weights"] / result.cycles
    print(
        f"{columns:7d} {result.tokens_per_s:10.2f} {result.energy_j:9.4f} {result.area_mm2:7.3f} "
        f"{waits:19.1%} {result.utilization:13.1%}"
    )

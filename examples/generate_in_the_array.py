"""For people who run models in simulation: does the sum come out right, and how fast was it?

Every ternary product of the embedded network is computed by the simulated array, cycle by cycle,
and compared with the exact one.
"""

import bitsim

for prompt in ("734+589=", "9999+1="):
    run = bitsim.run(prompt, accelerator="dot_16x40", network="addition")
    said, result = run.generated, run.result
    print(f"{prompt}{run.text}: {said.sums_compared} sums, {said.mismatches} differ")
    print(f"  {result.cycles} cycles, {result.tokens_per_s:.0f} tokens/s")
    for cause, cycles in result.stall_cycles.items():
        print(f"  waiting, {cause:12s} {cycles / result.cycles:6.1%}")

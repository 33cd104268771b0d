"""For people who run models in simulation: does the sum come out right, and how fast was it?

Every ternary product of the embedded network is computed by the simulated array, cycle by cycle,
and compared with the exact one.
"""

from bitsim.runs import generation

for prompt in ("734+589=", "9999+1="):
    session = generation.prepare(
        accelerator="dot_16x40",
        network="addition",
        technology=None,
        seed=0,
        temperature=0.0,
        prompt=prompt,
        max_tokens=8,
        say=print,
    )
    generated, result = session.run(on_piece=lambda piece: None)
    print(
        f"{prompt}{generated.text}: {generated.sums_compared} sums, {generated.mismatches} differ"
    )
    print(f"  {result.cycles} cycles, {result.tokens_per_s:.0f} tokens/s")
    for cause, cycles in result.stall_cycles.items():
        print(f"  waiting, {cause:12s} {cycles / result.cycles:6.1%}")

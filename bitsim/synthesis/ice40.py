"""Lattice iCE40."""

from bitsim.synthesis.target import Part, Target

ICE40 = Target(
    name="ice40",
    script=("synth_ice40 -noflatten {options} -top {top}",),
    kinds={
        "lut": "SB_LUT4",
        "carry": "SB_CARRY",
        "ff": "SB_DFF.*",
        "block_ram": "SB_RAM.*|SB_SPRAM.*",
        "dsp": "SB_MAC16",
    },
    # The carry of a bit is in the cell of its LUT. One without (the start of a chain) takes a
    # cell of its own, which only placement counts.
    lut_sites={"SB_LUT4": 1},
    parts={
        "HX8K": Part(place=("--hx8k", "--package", "ct256")),
        "LP8K": Part(place=("--lp8k", "--package", "cm225")),
        "UP5K": Part(synthesis=("-device", "u"), place=("--up5k", "--package", "sg48")),
    },
    nextpnr="ice40",
)

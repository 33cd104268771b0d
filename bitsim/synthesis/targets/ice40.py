"""Lattice iCE40."""

from bitsim.synthesis.targets.target import Part, Target


def _part(size: str, package: str, *synthesis: str) -> Part:
    return Part(
        synthesis=synthesis,
        place=(size, "--package", "{package}"),
        package=package,
        speed=size[2:4].upper(),
        constraints=("--pcf", "{file}"),
    )


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
        "HX8K": _part("--hx8k", "ct256"),
        "LP8K": _part("--lp8k", "cm225"),
        "UP5K": _part("--up5k", "sg48", "-device", "u"),
    },
    nextpnr="ice40",
)

"""Lattice ECP5."""

from bitsim.synthesis.targets.target import Part, Target


def _part(size: str) -> Part:
    return Part(
        place=(size, "--package", "{package}", "--speed", "{speed}"),
        package="CABGA381",
        speed="6",
        constraints=("--lpf", "{file}"),
    )


ECP5 = Target(
    name="ecp5",
    # Wide LUTs are made of LUT4s; with them the mapper spends many for a level less. `abc` in
    # place of `abc9`, which in yosys 0.69 fails at a memory of LUTs beside other logic.
    script=(
        "synth_ecp5 -noflatten -nowidelut {options} -top {top} -run begin:map_luts",
        "techmap -map +/lattice/latches_map.v",
        "abc -lut 4 -dress",
        "clean",
        "synth_ecp5 -noflatten -nowidelut {options} -top {top} -run map_cells:edif",
    ),
    kinds={
        "lut": "LUT4",
        "carry": "CCU2C",
        "mux": "PFUMX|L6MUX21",
        "ff": "TRELLIS_FF",
        "lut_ram": "TRELLIS_DPR16X4",
        "block_ram": "DP16KD|PDPW16KD",
        "dsp": "MULT18X18D|ALU54B",
    },
    # Two bits of a carry chain take a slice's two LUTs; a 16 x 4 memory takes two slices of data
    # (a third for its write port may be shared).
    lut_sites={"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 4},
    parts={
        "LFE5U-85F": _part("--85k"),
        "LFE5U-45F": _part("--45k"),
        "LFE5U-25F": _part("--25k"),
    },
    nextpnr="ecp5",
)

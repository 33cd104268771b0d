"""AMD Xilinx, by family."""

from bitsim.synthesis.targets.target import Part, Target

XILINX = Target(
    name="xilinx",
    script=("synth_xilinx -noiopad -noclkbuf -nowidelut {options} -top {top}",),
    kinds={
        "lut": "LUT[1-6]|LUT6_2",
        "carry": "CARRY4|CARRY8",
        "mux": "MUXF[7-9]",
        "ff": "FD[RSCP]E.*",
        "lut_ram": "RAM(32|64|128|256).*|SRL.*",
        "block_ram": "RAMB.*|URAM.*",
        "dsp": "DSP.*",
    },
    # The LUTs in front of a carry are counted as LUTs. Two of at most five inputs together can
    # share a position; yosys does not say which, so this is a bound from above.
    lut_sites={
        "LUT[1-6]|LUT6_2": 1,
        "RAM32M": 4,
        "RAM32M16": 8,
        "RAM64M": 4,
        "RAM64M8": 8,
        "RAM(32|64)X1D": 2,
        "SRL.*": 1,
    },
    parts={
        "UltraScale+": Part(synthesis=("-family", "xcup")),
        "UltraScale": Part(synthesis=("-family", "xcu")),
        "7-series": Part(synthesis=("-family", "xc7")),
    },
)

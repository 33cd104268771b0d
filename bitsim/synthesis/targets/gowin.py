"""Gowin LittleBee and Arora."""

from bitsim.synthesis.targets.target import Part, Target


def _pins(clk: str, shift_in: str, shift_out: str) -> str:
    places = {"clk": clk, "shift_in": shift_in, "shift_out": shift_out}
    return "".join(f'IO_LOC "{port}" {pin};\n' for port, pin in places.items())


GOWIN = Target(
    name="gowin",
    script=("synth_gowin -noflatten -noiopads -nowidelut {options} -top {top}",),
    kinds={
        "lut": "LUT[1-4]",
        "carry": "ALU",
        "mux": "MUX2_LUT[5-8]",
        "ff": "DFF.*",
        "lut_ram": "RAM16S.*",
        "block_ram": "SDPB|DPB|SDPX9B|DPX9B|SP|SPX9|pROM.*",
        "dsp": "MULT.*|ALU54D|PADD.*",
    },
    lut_sites={"LUT[1-4]": 1, "ALU": 1, "RAM16S.*": 4},  # a bit of a chain is a LUT's position
    parts={
        "GW1NR-9C": Part(
            synthesis=("-family", "gw1n"),
            place=("--device", "GW1NR-LV9{package}{speed}", "--vopt", "family=GW1N-9C"),
            package="QN88P",
            speed="C6/I5",
            constraints=("--vopt", "cst={file}"),
            pins=_pins("52", "3", "10"),
            packed_as="GW1N-9C",
        ),
        "GW2A-18C": Part(
            synthesis=("-family", "gw2a"),
            place=("--device", "GW2A-LV18{package}{speed}", "--vopt", "family=GW2A-18C"),
            package="PG256",
            speed="C8/I7",
            constraints=("--vopt", "cst={file}"),
            pins=_pins("H11", "T10", "C13"),
            packed_as="GW2A-18C",
        ),
    },
    nextpnr="himbaechel-gowin",
    pads="iopadmap -bits -inpad IBUF O:I -outpad OBUF I:O",
)

"""Descriptions that are none: accelerators, boards, technologies, networks, sweeps."""

from __future__ import annotations

from collections.abc import Iterator

from bitsim.spec import catalog
from bitsim.spec.base import MAX_SPEC_BYTES
from tests.bad_input.bad_file import BadFile

NETWORK = "bitnet-b1.58-2b-4t"
COMMANDS = {
    "accelerator": ("simulate", "--network", NETWORK, "--accelerator", "{here}/bad.toml"),
    "board": ("fpga", "build", "--board", "{here}/bad.toml", "--out", "{out}"),
    "technology": ("simulate", "--network", NETWORK, "--technology", "{here}/bad.toml"),
    "network": ("simulate", "--network", "{here}/bad.toml"),
    "sweep": ("explore", "{here}/bad.toml", "--out", "{out}"),
}
FORMS = {  # whatever the kind
    "empty": (b"", "missing; add it"),
    "not TOML": (b"name = \n", "not valid TOML: Invalid value (at line 1"),
    "JSON instead": (b'{"name": "a"}', "not valid TOML"),
    "key twice": (b'name = "a"\nname = "b"\n', "not valid TOML: Cannot overwrite a value"),
    "not UTF-8": (b'name = "\xff"\n', "byte 8 is not UTF-8; save the file as UTF-8"),
    "UTF-16": ('name = "a"\n'.encode("utf-16"), "byte 0 is not UTF-8"),
    "NUL": (b'name = "a\0b"\n', "not valid TOML: Illegal character '\\x00'"),
    "binary": (bytes(range(256)) * 4, "is not UTF-8"),
    "too large": (b"#" * (MAX_SPEC_BYTES + 1), f"{MAX_SPEC_BYTES + 1} bytes; such a file has"),
    "nested arrays": (b"x = " + b"[" * 100_000, "nested too deeply"),
    "nested tables": (b"x = " + b"{a=" * 50_000, "nested too deeply"),
    "nested keys": (b".".join([b"a"] * 100_000) + b" = 1\n", "line 1: more than 100 dots"),
    "number of 5000 digits": (b"x = " + b"9" * 5000, "not valid TOML: Exceeds the limit"),
    "thousands of fields": (
        b"".join(b"k%d = 1\n" % number for number in range(20_000)),
        "more faults; mend these first",
    ),
    "field name with a line break": (b'"a\\nb" = 1\n', "'a\\nb': unknown field"),
    "field name of 10,000": (b"x" * 10_000 + b" = 1\n", "xxx...: unknown field"),
    "date for a name": (b"name = 1979-05-27T07:32:00Z\n", "name = datetime.datetime(1979, 5, 27"),
    "list for a name": (b'name = ["a"]\n', "name = ('a',): "),
}
DEEP = "[" * 60 + "]" * 60

# What is changed in a good file, and what must be said of it.
ACCELERATOR = [
    ("lanes = 40", "lane = 40", "array.lane: unknown field; did you mean 'lanes'?"),
    ("lanes = 40", "", "array.lanes: missing; add it"),
    ("lanes = 40", "lanes = 1_000_000_000", "array.lanes = 1000000000: "),
    ("lanes = 40", "lanes = 257", "array.lanes = 257: "),
    ("lanes = 40", "lanes = 0", "array.lanes = 0: "),
    ("lanes = 40", "lanes = -1", "array.lanes = -1: "),
    ("lanes = 40", "lanes = 40.0", "array.lanes = 40.0: "),
    ("lanes = 40", "lanes = true", "array.lanes = True: "),
    ("lanes = 40", "lanes = nan", "array.lanes = nan: "),
    ("lanes = 40", 'lanes = "40"', "array.lanes = '40': "),
    ("lanes = 40", "lanes = [40]", "array.lanes = (40,): "),
    ("lanes = 40", f"lanes = {DEEP}", "array.lanes = ((((("),
    ("lanes = 40", "lanes = 1979-05-27", "array.lanes = datetime.date(1979, 5, 27): "),
    ("lanes = 40", f"lanes = {10**400}", "array.lanes = 1000000000"),
    ("columns = 16", "columns = 1_000_000_000", "array.columns = 1000000000: "),
    ("slices = 1", "slices = 17", "array.slices = 17: "),
    ("hold = 4", "hold = 65", "array.hold = 65: "),
    ("hold = 4", "hold = 5", "array: activation_buffer_beats = 1024 cannot hold one block"),
    ("tree_stages = 2", "tree_stages = 7", "array: tree_stages = 7 is more than the 6 levels"),
    ("accumulator_bits = 21", "accumulator_bits = 20", "array: accumulator_bits = 20 overflows"),
    ("max_k = 8190", "max_k = 16777217", "array.max_k = 16777217: "),
    ('weight_packing = "base3"', 'weight_packing = "3bit"', "array.weight_packing = '3bit': "),
    ('dataflow = "dot"', 'dataflow = "systolic"', "array.dataflow = 'systolic': "),
    ('skip = "gate"', 'skip = "all"', "array.skip = 'all': "),
    ("clock_mhz = 200.0", "clock_hz = 2e8", "clock_hz: unknown field; did you mean 'clock_mhz'?"),
    ("clock_mhz = 200.0", "clock_mhz = nan", "clock_mhz = nan: "),
    ("clock_mhz = 200.0", "clock_mhz = inf", "clock_mhz = inf: "),
    ("clock_mhz = 200.0", "clock_mhz = 1e999", "clock_mhz = inf: "),
    ("clock_mhz = 200.0", "clock_mhz = 0.0", "clock_mhz = 0.0: "),
    ("clock_mhz = 200.0", "clock_mhz = -200.0", "clock_mhz = -200.0: "),
    ("clock_mhz = 200.0", "clock_mhz = 5e-324", "clock_mhz = 5e-324: "),
    ("clock_mhz = 200.0", "clock_mhz = 1e300", "clock_mhz = 1e+300: "),
    ("clock_mhz = 200.0", 'clock_mhz = "200 MHz"', "clock_mhz = '200 MHz': "),
    ("peak_gb_per_s = 25.6", "peak_gb_per_s = -0.0", "memory.peak_gb_per_s = -0.0: "),
    ("efficiency = 0.82", "efficiency = 1.01", "memory.efficiency = 1.01: "),
    ("latency_ns = 100.0", "latency_ns = -1", "memory.latency_ns = -1: "),
    ("latency_ns = 100.0", "latency_ns = 1e300", "memory.latency_ns = 1e+300: "),
    ("latency_ns = 100.0", "latency_us = 0.1", "memory.latency_us: unknown field; did you mean"),
    ("weight_tile_bytes = 32768", "weight_tile_bytes = 0", "dma.weight_tile_bytes = 0: "),
    ("weight_tile_bytes = 32768", "weight_tile_bytes = 127", "dma.weight_tile_bytes = 127 is less"),
    ("adds_per_cycle = 64", "adds_per_cycle = 0", "units.vector.adds_per_cycle = 0: "),
    ("inside = true", "inside = 1", "units.vector.inside = 1: "),
    ('arithmetic = "bf16"', 'arithmetic = "int4"', "units.vector.arithmetic = 'int4': "),
    ("[units.vector]", '[units."<script>"]', "units.<script>: "),
    ('norm = "vector"', 'nrm = "vector"', "work.nrm: unknown field; did you mean 'norm'?"),
    ('norm = "vector"', 'norm = "cpu"', "work.norm = 'cpu': no such unit; add [units.cpu]"),
    ('norm = "vector"', "", "work.norm: missing; name the unit that does it"),
    ("[memory]", "[[memory]]", "memory = ("),
    ('name = "dot_16x40"', 'name = "a b"', "name = 'a b': "),
    ('name = "dot_16x40"', 'name = "1a"', "name = '1a': "),
    ('name = "dot_16x40"', 'name = "a;exec rm"', "name = 'a;exec rm': "),
    ('name = "dot_16x40"', 'name = "</script>"', "name = '</script>': "),
    ('name = "dot_16x40"', 'name = "../a"', "name = '../a': "),
    ('name = "dot_16x40"', 'name = "a\\u0000"', "name = 'a\\x00': "),
    ('name = "dot_16x40"', f'name = "{"a" * 10_000}"', "name = 'aaaaa"),
    ('name = "dot_16x40"', 'name = "a\\n"', "name = 'a\\n': "),
    ('name = "dot_16x40"', 'name = "a\u00e4"', "name = 'a\u00e4': "),
    ('name = "dot_16x40"', 'name = "module"', "name = 'module': a word of Verilog's own"),
    ('name = "dot_16x40"', 'name = "int"', "name = 'int': a word of Verilog's own"),
    ("weight_fifo_beats = ", "weight_fifo_beats = 1 # ", "array.weight_fifo_beats = 1: "),
    ("result_fifo_beats = ", "result_fifo_beats = 1 # ", "array.result_fifo_beats = 1: "),
    ("columns = 16", "columns = 0", "array.columns = 0: "),
    ("activation_buffer_beats = 1024", "activation_buffer_beats = 1048577", "_beats = 1048577: "),
]
BUS = [
    ("weight_ports = 4", "weight_ports = 3", "bus.weight_ports = 3 does not divide array.columns"),
    ("weight_ports = 4", "weight_ports = 0", "bus.weight_ports = 0: "),
    ("data_bits = 128", "data_bits = 96", "bus.data_bits = 96: "),
    ("data_bits = 128", "data_bits = 1024", "bus.data_bits = 1024: "),
    ("address_bits = 40", "address_bits = 65", "bus.address_bits = 65: "),
    ("burst_words = 16", "burst_words = 257", "bus.burst_words = 257: "),
    ("burst_words = 16", "burst_words = 33", "bus: write_fifo_words = 32 cannot hold a burst"),
    ("read_fifo_words = 64", "read_fifo_words = 1", "bus.read_fifo_words = 1: "),
    ("list_entries = 256", "list_entries = 1", "bus.list_entries = 1: "),
    ("outstanding = 4", "outstanding = 17", "bus.outstanding = 17: "),
    ('kind = "axi4"', 'kind = "apb"', "bus.kind = 'apb': "),
    ('kind = "axi4lite"', 'kind = "serial"', "host.baud: missing"),
    ('kind = "axi4lite"', 'kind = "usb"', "host"),
]
BOARD = [
    ('pin = "G2"', 'pin = "G2; exit"', "clock.pin = 'G2; exit': "),
    ('pin = "G2"', 'pin = "G2\\n"', "clock.pin = 'G2\\n': "),
    ('pin = "G2"', "pin = 2", "clock.pin = 2: "),
    ('pin = "G2"', "", "clock.pin: missing; add it"),
    ('rx = "M1"', 'rx = "L4"', "uart.tx = 'L4' is the pin of uart.rx; name another"),
    ("mhz = 25.0", "mhz = 0.0", "clock.mhz = 0.0: "),
    ("mhz = 25.0", "mhz = nan", "clock.mhz = nan: "),
    ("mhz = 25.0", "mhz = 50.0", "dot_16x16_ulx3s: clock_mhz = 25.0, and the oscillator of"),
    ("mhz = 25.0", "hz = 25e6", "clock.hz: unknown field; did you mean 'mhz'?"),
    ('family = "ecp5"', 'family = "xilinx"', "family = 'xilinx': "),
    ('family = "ecp5"', 'family = "ice40"', "device = 'LFE5U-85F' is not a part of ice40"),
    ('device = "LFE5U-85F"', 'device = "LFE5U-12F"', "is not a part of ecp5; name one of"),
    ('package = "CABGA381"', 'package = "--help"', "package = '--help': "),
    ('speed = "6"', 'speed = "6 --run x.py"', "speed = '6 --run x.py': "),
    ("active_low = false", "active_low = 0", "leds.active_low = 0: "),
    ('pull = "down"', 'pull = "sideways"', "reset.pull = 'sideways': "),
    ('accelerator = "dot_16x16_ulx3s"', 'accelerator = "dot_16x40"', "dot_16x40: host is none"),
    ('accelerator = "dot_16x16_ulx3s"', 'accelerator = "../x"', "accelerator = '../x': "),
    ("{bitstream}", "it", "program = 'openFPGALoader --board ulx3s it' has no {bitstream}"),
    ('name = "ulx3s_85f"', 'name = "a;exec rm"', "name = 'a;exec rm': "),
]
TECHNOLOGY = [
    ("node_nm = 7.0", "node_nm = 0", "node_nm = 0: "),
    ("node_nm = 7.0", "node_nm = nan", "node_nm = nan: "),
    ("node_nm = 7.0", "node_n = 7", "node_n: unknown field; did you mean 'node_nm'?"),
    ("value = 0.007", "value = -0.007", "figures.int8_add_pj.value = -0.007: "),
    ("int8_add_pj =", "int8_addpj =", "figures.'int8_addpj': no cost model asks for it; did you"),
    ("value = 0.007", "value = inf", "figures.int8_add_pj.value = inf: "),
    ("value = 0.007", 'value = "0.007 pJ"', "figures.int8_add_pj.value = '0.007 pJ': "),
    ("value = 0.007, ", "", "figures.int8_add_pj.value: missing; add it"),
    ("value = 0.007, ", "valeu = 0.007, ", "valeu: unknown field; did you mean 'value'?"),
    ("int8_add_pj = {", "int8_add_pj = 0.007 # {", "figures.int8_add_pj = 0.007: "),
    ("int8_add_pj = {", 'int8_add_pj = {value = 1.0, source = "me"} # {', "source = 'me': "),
    ("int8_add_pj = {", "int8_add_pj = {value = 1.0} # {", "source: missing; add it"),
    ('name = "7nm"', 'name = "7\\nnm"', "name = '7\\nnm': "),
    ('name = "7nm"', 'name = ""', "name = '': "),
]
SHAPE = [
    ("hidden_size = 2560", "hidden_size = 2559", "hidden_size = 2559 is not a multiple of heads"),
    ("hidden_size = 2560", "hidden_size = 2540", "hidden_size / heads = 127 is odd"),
    ("hidden_size = 2560", "hidden_size = 0", "hidden_size = 0: "),
    ("hidden_size = 2560", "hidden_size = 1_000_000_000", "hidden_size = 1000000000: "),
    ("intermediate_size = 6912", "intermediate_size = -1", "intermediate_size = -1: "),
    ("intermediate_size = 6912", "ffn_size = 6912", "intermediate_size: missing; add it"),
    ("layers = 30", "layers = 0", "layers = 0: "),
    ("layers = 30", "layers = 513", "layers = 513: "),
    ("layers = 30", "layer = 30", "layer: unknown field; did you mean 'layers'?"),
    ("\nheads = 20", "\nheads = 7", "hidden_size = 2560 is not a multiple of heads = 7"),
    ("kv_heads = 5", "kv_heads = 3", "heads = 20 is not a multiple of kv_heads = 3"),
    ("vocab_size = 128256", "vocab_size = 128001", "token id 128009 is outside the vocabulary"),
    ("vocab_size = 128256", "vocab_size = 4_294_967_296", "vocab_size = 4294967296: "),
    ("bos_id = 128000", "bos_id = -1", "bos_id = -1: "),
    ("eos_ids = [128001, 128009]", "eos_ids = 128001", "eos_ids = 128001: "),
    ("rms_norm_eps = 1e-5", "rms_norm_eps = 0.0", "rms_norm_eps = 0.0: "),
    ("rope_theta = 500000.0", "rope_theta = nan", "rope_theta = nan: "),
    ("tied_head = true", 'tied_head = "true"', "tied_head = 'true': "),
    ("zero_weight_fraction = 0.44", "zero_weight_fraction = 1.0", "zero_weight_fraction = 1.0: "),
    ('name = "bitnet-b1.58-2b-4t"', 'name = "a\\nb"', "name = 'a\\nb': "),
]  # fmt: skip
SWEEP = [
    ('accelerator = "dot_16x40"', 'accelerator = "dot_16x4"', "did you mean 'dot_16x40'?"),
    ('network = "bitnet-b1.58-2b-4t"', 'network = "bitnet"', "'bitnet': no such name in networks"),
    ('stage = "decode"', 'technology = "8nm"', "technology: '8nm': no such name in technologies"),
    ('stage = "decode"', 'stage = "encode"', "stage = 'encode': "),
    ("context = 512", "context = -1", "context = -1: "),
    ("context = 512", "contxt = 512", "contxt: unknown field; did you mean 'context'?"),
    ('"array.columns" =', '"array.column" =', "did you mean 'array.columns'?"),
    ('"array.columns" =', '"name" =', "name: the accelerator has no such field to vary"),
    ('"array.columns" =', '"array" =', "array: a table; name a field in it"),
    ('"array.columns" =', '"../array" =', "../array"),
    ("[8, 16, 32]", "[]", "columns"),
    ("[8, 16, 32]", "8", "columns = 8"),
    ("[8, 16, 32]", "[[8]]", "columns"),
    ("[8, 16, 32]", "[1979-05-27]", "columns"),
    ("[8, 16, 32]", f"[{', '.join(map(str, range(30_000)))}]", "designs"),
    ("[20, 40, 80]", "[20, 40]", "together"),
    ('name = "decode_2b"', 'name = "../x"', "name = '../x': "),
    ('name = "decode_2b"', f'name = "{"x" * 10_000}"', "name = 'xxx"),
]


def bad_toml() -> Iterator[BadFile]:
    """All of them."""
    for kind, argv in COMMANDS.items():
        for name, (content, says) in FORMS.items():
            yield _bad(kind, name, content, says)
        instead = "bad.toml/config.json: no such file" if kind == "network" else "is a folder; name"
        yield BadFile(kind, "is a folder", {"bad.toml/a": b""}, "bad.toml", argv, instead)
        yield BadFile(kind, "is missing", {}, "bad.toml", argv, "no such file; check")
    yield from _edits(
        "accelerator", catalog.find("accelerators", "dot_16x40").read_text(), ACCELERATOR
    )
    yield from _edits("board", catalog.find("boards", "ulx3s_85f").read_text(), BOARD)
    yield from _edits("accelerator", catalog.find("accelerators", "dot_16x40_axi").read_text(), BUS)
    yield from _edits("technology", catalog.find("technologies", "7nm").read_text(), TECHNOLOGY)
    yield from _edits("sweep", catalog.find("sweeps", "decode_2b").read_text(), SWEEP)
    yield from _edits("network", catalog.find("networks", NETWORK).read_text(), SHAPE)


def _edits(kind: str, good: str, edits: list[tuple[str, str, str]]) -> Iterator[BadFile]:
    for old, new, says in edits:
        assert old in good, f"{kind}: {old}"
        name = f"{old.strip()} becomes {new.strip()[:40] or 'nothing'}"
        yield _bad(kind, name, good.replace(old, new, 1).encode(), says)


def _bad(kind: str, name: str, content: bytes, says: str) -> BadFile:
    return BadFile(kind, name, {"bad.toml": content}, "bad.toml", COMMANDS[kind], says)

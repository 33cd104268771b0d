"""Runs the simulated board that was built: `python serial_board.py BUILD WORK`."""

import sys
from pathlib import Path

from cocotb_tools.runner import get_runner

if __name__ == "__main__":
    build, work = Path(sys.argv[1]), Path(sys.argv[2])
    get_runner("verilator").test(
        hdl_toplevel="bench_top",
        hdl_toplevel_lang="verilog",
        test_module="serial_board_bench",
        build_dir=build,
        test_dir=work,
        results_xml=str(work / "results.xml"),
        plusargs=[f"+work={work}", "+verilator+rand+reset+2"],
    )

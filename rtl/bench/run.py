"""Runs a bench that was built before: `python run.py BUILD WORK MOST_CYCLES,...`.

Status 0 if every round came to its end.

BUILD holds the binary `bench_top`, WORK the streams of each round and machine; it takes the logs.
"""

import sys
from pathlib import Path

from cocotb_tools.check_results import get_results
from cocotb_tools.runner import get_runner


def main() -> int:
    """Exit status."""
    build, work, most_cycles = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    results = get_runner("verilator").test(
        hdl_toplevel="bench_top",
        hdl_toplevel_lang="verilog",
        test_module="replay",
        build_dir=build,
        test_dir=work,
        results_xml=str(work / "results.xml"),
        # Registers and memories begin with noise: nothing may depend on what they held.
        plusargs=[f"+work={work}", "+verilator+rand+reset+2", "+verilator+seed+1"],
        extra_env={"BITSIM_MOST_CYCLES": most_cycles},
    )
    tests, failed = get_results(results)
    return int(tests != 1 or failed != 0)


if __name__ == "__main__":
    sys.exit(main())

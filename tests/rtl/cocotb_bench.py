"""Running a bench of tests/rtl under cocotb on a simulator that was built."""

from pathlib import Path

from cocotb_tools.check_results import get_results
from cocotb_tools.runner import get_runner

from bitsim.verilated.bench import TOP


def run_bench(module: str, binary: Path, work: Path, kept: Path, tests: int = 1) -> None:
    """Run a module's tests, all of which must pass: `plan.npz` in `work` to the file `kept`."""
    log = work / "log.txt"
    xml = get_runner("verilator").test(
        hdl_toplevel=TOP,
        hdl_toplevel_lang="verilog",
        test_module=module,
        build_dir=binary,
        test_dir=work,
        log_file=log,
        results_xml=str(work / "results.xml"),
        plusargs=[
            f"+plan={work / 'plan.npz'}",
            f"+kept={kept}",
            "+verilator+rand+reset+2",
        ],
    )
    assert get_results(xml) == (tests, 0), log.read_text()[-4000:]

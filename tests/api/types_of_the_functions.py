"""What a type checker sees of `import bitsim`: `make types` reads this file, nothing runs it."""

from typing import assert_type

import bitsim
from bitsim.agreement.check import RtlResult
from bitsim.api.run import Run
from bitsim.reference.network.network import Network
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.network import NetworkSpec
from bitsim.sweeps import SweepResult
from bitsim.system import RunResult
from bitsim.trace import Trace

machine = bitsim.load_accelerator("dot_16x40")
assert_type(machine, AcceleratorSpec)
assert_type(bitsim.load_network_spec("addition"), NetworkSpec)
assert_type(bitsim.load_network("addition"), Network)
assert_type(bitsim.simulate(machine, "addition", stage="decode"), RunResult)
assert_type(bitsim.simulate_trace("dot_16x40", "a.trace"), RunResult)
assert_type(bitsim.run("1+1=", network=bitsim.load_network("addition")), Run)
assert_type(bitsim.record("a.trace"), Trace)
assert_type(bitsim.explore("decode_2b"), SweepResult)
assert_type(bitsim.emit("dot_16x40"), str)
assert_type(bitsim.check(machine), RtlResult)
assert_type(bitsim.list_networks(), list[str])
bitsim.simulate("dot_16x40", "addition", stage="Decode")  # type: ignore[arg-type]
bitsim.simulate("dot_16x40", 5)  # type: ignore[arg-type]
bitsim.simulate("dot_16x40", "addition", contxt=8)  # type: ignore[call-arg]

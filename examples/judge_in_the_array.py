"""Does the network still answer right when its products are computed by the simulated array?

Judges held-out additions of the embedded network twice: in the reference, and with every product in
the default accelerator. `python judge_in_the_array.py 4096` judges the whole set of its README, and
`python judge_in_the_array.py 4096 dot_16x40_head` does so with the output head in the array, too.
"""

import importlib.util
import sys

import bitsim
from bitsim.reference.generation.generate import generate
from bitsim.reference.generation.sampling import greedy
from bitsim.runs.generation import Comparison
from bitsim.spec import catalog

count = int(sys.argv[1]) if len(sys.argv) > 1 else 24

path = catalog.models_folder() / "networks" / "addition" / "problems.py"
spec = importlib.util.spec_from_file_location("problems", path)
problems = importlib.util.module_from_spec(spec)
spec.loader.exec_module(problems)

accelerator = bitsim.load_accelerator(sys.argv[2] if len(sys.argv) > 2 else "dot_16x40")
network = bitsim.load_network("addition", head="int8" if accelerator.head_in_array else "own")


def answer(problem, network, product=None):
    """What the network says; without an end token it is no answer."""
    prompt_ids = network.tokenizer.encode(problem.prompt)
    ids = generate(network, prompt_ids, 6, greedy, product)
    return network.tokenizer.decode(ids) if ids[-1] in network.spec.eos_ids else None


right_in_reference = right_in_array = sums = different = 0
for problem in problems.held_out(seed=1, count=count):
    right_in_reference += answer(problem, network) == problem.answer
    comparison = Comparison.of(accelerator, network)
    in_array = comparison.network(network)
    right_in_array += answer(problem, in_array, comparison.product) == problem.answer
    sums += comparison.sums
    different += comparison.mismatches

print(f"reference  {right_in_reference} of {count} right")
print(f"array      {right_in_array} of {count} right; {sums} sums, {different} differ")
assert right_in_reference == right_in_array

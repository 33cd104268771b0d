"""What does an int8 output head change in the embedded network?

Held-out additions with the network's own head and with an int8 copy: how many are answered right,
and the perplexity of the right answers. `python compare_heads.py 4096` takes the whole set of its
README.
"""

import importlib.util
import math
import sys

import numpy as np

import bitsim
from bitsim.reference.generation.generate import generate
from bitsim.reference.generation.perplexity import negative_log_likelihood
from bitsim.reference.generation.sampling import greedy
from bitsim.spec import catalog

count = int(sys.argv[1]) if len(sys.argv) > 1 else 24

path = catalog.models_folder() / "networks" / "addition" / "problems.py"
spec = importlib.util.spec_from_file_location("problems", path)
problems = importlib.util.module_from_spec(spec)
spec.loader.exec_module(problems)
held_out = problems.held_out(seed=1, count=count)

own = bitsim.load_network("addition")
for network in (own, bitsim.load_network(own, head="int8")):
    right, losses = 0, []
    for problem in held_out:
        prompt_ids = network.tokenizer.encode(problem.prompt)
        ids = generate(network, prompt_ids, 6, greedy)
        right += network.tokenizer.decode(ids) == problem.answer and ids[-1] in own.spec.eos_ids
        inputs = np.array(network.tokenizer.encode(problem.prompt + problem.answer))
        logits = network.forward(inputs, network.empty_cache(len(inputs)), all_logits=True)
        behind = len(prompt_ids)  # the answer, and the end
        targets = [*inputs[behind:], own.spec.eos_ids[0]]
        losses += map(negative_log_likelihood, logits[behind - 1 :], targets)
    perplexity = math.exp(math.fsum(losses) / len(losses))
    print(
        f"{network.head.form:5s} {right} of {count} right; perplexity of the answers' "
        f"{len(losses)} tokens {perplexity:.8f}"
    )

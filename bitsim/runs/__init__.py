"""A network in the machine: prompts, generation, recording."""

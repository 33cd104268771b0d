"""bitsim: a hardware co-design simulator for ternary LLM accelerators."""

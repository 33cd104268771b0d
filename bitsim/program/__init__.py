"""A network and a batch as steps for a machine, and what each needs."""

"""What a machine, a network, a technology is: frozen, checked descriptions."""

"""Who starts lists and reads counters: kinds of host, registers, the serial protocol."""

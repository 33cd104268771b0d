"""Arrays alone in Verilator: bench and stimuli."""

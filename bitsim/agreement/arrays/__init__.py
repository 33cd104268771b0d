"""Arrays alone: array model, Verilog and numpy on the same phases."""

"""The serial line in hardware: UART, frames, requests, memory on the chip."""

"""Registers and their texts: AXI4-Lite, C header, page."""

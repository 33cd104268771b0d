"""The registers of an accelerator: one description for hardware, driver and documents."""

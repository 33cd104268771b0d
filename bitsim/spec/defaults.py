"""What is taken when the user names nothing."""

ACCELERATOR = "dot_16x40"
NETWORK = "addition"

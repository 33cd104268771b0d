"""Published checkpoints from the Hugging Face Hub."""

"""Hugging Face folders: packed ternary codes, or a bf16 master."""

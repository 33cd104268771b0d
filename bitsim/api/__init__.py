"""What `import bitsim` offers: one function a question. The commands are thin over these."""

"""The result stage: digits added up, or int8 codes (docs/top.md)."""

"""The link cycle by cycle: masters, list and result stage around an array (docs/top.md)."""

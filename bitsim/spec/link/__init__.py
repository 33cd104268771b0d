"""How the streams of an array meet memory, described: one file for each kind of link."""

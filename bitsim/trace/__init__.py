"""Recorded ternary products, their files, and the schedules that array and RTL bench replay."""

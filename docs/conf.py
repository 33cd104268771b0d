"""Sphinx: `make docs`."""

project = "bitsim"
author = "the bitsim authors"
extensions = ["myst_parser"]
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_title = "bitsim"
html_theme_options = {
    "description": "Hardware co-design for ternary LLM accelerators",
    "page_width": "1120px",
}
myst_heading_anchors = 3

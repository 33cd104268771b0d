"""Sphinx: `make docs`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

project = "bitsim"
author = "the bitsim authors"
extensions = ["field_lists", "myst_nb", "public_api", "semantics", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = "bitsim"
html_static_path = ["_static"]
html_css_files = ["bitsim.css"]
html_js_files = ["scroll.js"]
html_show_copyright = False
html_copy_source = False
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"

default_role = "literal"  # docstrings write `name` for code
maximum_signature_line_length = 60  # longer ones have a line for each argument
toc_object_entries_show_parents = "hide"
autodoc_member_order = "bysource"
python_use_unqualified_type_names = True

smartquotes_action = "D"  # dashes alone: text in quotes is often a value
myst_heading_anchors = 3
nb_execution_mode = "off"  # a page shows the output that is in the file
nb_ipywidgets_js = {}  # no page asks another host for anything

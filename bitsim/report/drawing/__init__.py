"""What pictures and pages are made of: SVG, colours, bars, the page."""

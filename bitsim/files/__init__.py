"""Files: whole or not at all, checked before they are believed."""

"""Liberty libraries: cells, tables, RAM macros."""

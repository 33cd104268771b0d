"""Embedding and output head in the forms that files hold them: one file for each form.

A table is read as it lies in its file; nothing is rounded, and no wider copy is made. The
exception is asked for by name: a head in int8.
"""

from bitsim.reference.tables.bf16 import Bf16Table
from bitsim.reference.tables.forms import FORMS, table_of
from bitsim.reference.tables.int8.table import Int8Table
from bitsim.reference.tables.table import Table

__all__ = ["FORMS", "Bf16Table", "Int8Table", "Table", "table_of"]

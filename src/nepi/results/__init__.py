# SPDX-License-Identifier: BSD-3-Clause
"""From traces to tables and plots; knows nothing of how they came about."""

from nepi.results.cells import Cell, Column, ColumnType, TableError
from nepi.results.table import NoPandasError, Table
from nepi.results.tables import Tables, kinds, load_table

__all__ = [
    "Cell",
    "Column",
    "ColumnType",
    "NoPandasError",
    "Table",
    "TableError",
    "Tables",
    "kinds",
    "load_table",
]

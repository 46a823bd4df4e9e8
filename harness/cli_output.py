"""What the command line prints with: exit codes, a console for tables, one for errors."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

OK, DEVIATES, WRONG = 0, 1, 2
LOG_WIDTH = 110  # of tables where the output is no terminal


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, markdown: bool = False) -> None:
    """A table as wide as the terminal, or in Markdown."""
    if markdown:
        lines = [columns, ["---"] * len(columns), *rows]
        sys.stdout.writelines("| " + " | ".join(c.replace("|", "\\|") for c in line) + " |\n" for line in lines)
        return
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console().print(table)


def console() -> Console:
    """As wide as the terminal; in a log wide enough for tables."""
    return Console(width=None if sys.stdout.isatty() else LOG_WIDTH)


def errors() -> Console:
    """For what went wrong, beside the results."""
    return Console(stderr=True)

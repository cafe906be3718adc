# SPDX-License-Identifier: BSD-3-Clause
"""The command `nepi`: what it is told, what it shows. It decides nothing about experiments."""

__all__ = ["main"]


def main() -> None:
    """Obey the command line."""
    from nepi.cli.app import app

    app(prog_name="nepi")

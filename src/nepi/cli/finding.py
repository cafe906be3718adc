# SPDX-License-Identifier: BSD-3-Clause
"""What the doctor finds: one line of its report."""

from typing import Literal

from attrs import frozen

PATIENCE = 10.0
"""Seconds any one trial may take."""


@frozen
class Finding:
    """One line of the doctor's report."""

    topic: str
    name: str
    verdict: Literal["ok", "limited", "missing"]
    found: str
    needed_for: str
    remedy: str = ""
    required: bool = False

# SPDX-License-Identifier: BSD-3-Clause
"""Why there is no plan."""


class PlanningError(Exception):
    """There is nothing to plan; the message says what the script would have to do."""

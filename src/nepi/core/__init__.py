# SPDX-License-Identifier: BSD-3-Clause
"""Pure decisions: no input or output, no clock, no threads."""

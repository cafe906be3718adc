# SPDX-License-Identifier: BSD-3-Clause
"""Ways to reach a machine: its processes and its files."""

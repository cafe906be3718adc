# SPDX-License-Identifier: BSD-3-Clause
"""Carries out what the core decides: the loop, the workers, the journal, the run directory."""

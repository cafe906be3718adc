# SPDX-License-Identifier: BSD-3-Clause
"""Tests of how the benchmarks measure, not of how fast anything is."""

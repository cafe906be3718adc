# SPDX-License-Identifier: BSD-3-Clause
"""Experiment descriptions in files, read and written."""

# SPDX-License-Identifier: BSD-3-Clause
"""Decides what happens next, from the events it has seen alone; carries nothing out."""

# SPDX-License-Identifier: BSD-3-Clause
"""Describe a network experiment as a graph of resources and carry it out on any platform."""

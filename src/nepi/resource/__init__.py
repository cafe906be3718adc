# SPDX-License-Identifier: BSD-3-Clause
"""The kit for authors of resource types; nothing of any platform."""

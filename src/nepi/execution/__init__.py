# SPDX-License-Identifier: BSD-3-Clause
"""The classic interface, at the import paths that NEPI scripts use."""

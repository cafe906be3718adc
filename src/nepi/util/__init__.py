# SPDX-License-Identifier: BSD-3-Clause
"""The classic helpers, at the import paths that NEPI scripts use."""

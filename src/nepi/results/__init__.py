# SPDX-License-Identifier: BSD-3-Clause
"""From traces to tables and plots; knows nothing of how they came about."""

# SPDX-License-Identifier: BSD-3-Clause
"""What runs on each machine: standard library only, Python 3.9, nothing of nepi."""

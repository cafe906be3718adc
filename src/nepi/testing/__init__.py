# SPDX-License-Identifier: BSD-3-Clause
"""What users test their own resource types and experiments with."""

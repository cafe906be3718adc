# SPDX-License-Identifier: BSD-3-Clause
"""Classic scripts as their authors write them; `test_scripts` runs each and looks at its ends."""

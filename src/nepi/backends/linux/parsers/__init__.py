# SPDX-License-Identifier: BSD-3-Clause
"""What programs print, into typed records: pure functions of text, no processes and no files."""

# SPDX-License-Identifier: BSD-3-Clause
"""One folder a platform, one file a resource type; platforms ignore each other."""

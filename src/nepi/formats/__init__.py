# SPDX-License-Identifier: BSD-3-Clause
"""Descriptions of experiments as files: YAML and JSON in and out, and their schema.

A file becomes a `Description`, plain data that was checked; making an experiment of it is not
known here.
"""

from nepi.formats.description import Description
from nepi.formats.errors import DescriptionError
from nepi.formats.files import SUFFIXES, load, read, save, written
from nepi.formats.overriding import Override, OverrideError

__all__ = [
    "SUFFIXES",
    "Description",
    "DescriptionError",
    "Override",
    "OverrideError",
    "load",
    "read",
    "save",
    "written",
]

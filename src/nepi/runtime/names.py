# SPDX-License-Identifier: BSD-3-Clause
"""Names that people choose, turned into names of files; nothing here touches a file system."""

import re
import unicodedata
from hashlib import blake2s

LONGEST = 120
"""Bytes of a file name that a given name may fill; file systems take 255."""

_OUTSIDE = re.compile(r"[^\w.+@=-]")
_AWKWARD_START = re.compile(r"^[.-]+")


def portable_name(text: str, *, empty: str = "unnamed") -> str:
    """Return *text* as one harmless component of a path; different texts may become the same."""
    cleaned = _OUTSIDE.sub("_", unicodedata.normalize("NFC", text))
    # A leading dot hides a file (or climbs), a leading dash is taken for an option.
    cleaned = _AWKWARD_START.sub("_", cleaned)
    return _shortened(cleaned) or empty


def distinct_name(text: str, *, empty: str = "unnamed") -> str:
    """Return a portable name that no other text is given: a changed one carries a digest."""
    portable = portable_name(text, empty=empty)
    if portable == text:
        return text
    digest = blake2s(text.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    return f"{portable}~{digest}"


def _shortened(text: str) -> str:
    raw = text.encode("utf-8")
    return text if len(raw) <= LONGEST else raw[:LONGEST].decode("utf-8", "ignore")

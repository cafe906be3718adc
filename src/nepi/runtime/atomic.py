# SPDX-License-Identifier: BSD-3-Clause
"""Small files that are there whole or not at all; files that grow live elsewhere."""

import errno
import itertools
import os
from contextlib import suppress
from pathlib import Path

_numbers = itertools.count()


class DiskFullError(OSError):
    """There is no room for the file; the message names it and what to do."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            errno.ENOSPC,
            f"no space left to write {path}: free some, or choose another directory for the runs"
            " (NEPI_LOCAL_DIR, or local_dir=...)",
        )
        self.path = path


def replace_text(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Give *path* this content in one instant; a reader sees the old or the new, whole."""
    draft = path.with_name(f".{path.name[:200]}.{os.getpid()}.{next(_numbers)}.tmp")
    try:
        _write(draft, text.encode("utf-8", "surrogateescape"), mode)
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(path) from error
        raise


def _write(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - of a descriptor
        file.write(content)

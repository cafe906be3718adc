# SPDX-License-Identifier: BSD-3-Clause
"""Packs the agent into one file that any Python 3.9 runs, named by the hash of what is in it."""

import functools
import hashlib
import io
import os
import py_compile
import sys
import tempfile
import time
import zipfile
from contextlib import suppress
from pathlib import Path

from nepi.agent import directory

_SOURCE = Path(directory.__file__).parent
_MAIN = b"import sys\nfrom nepi.agent.__main__ import main\nsys.exit(main())\n"
# The earliest a zip can say: the same content gives the same file.
_DATE = (1980, 1, 1, 0, 0, 0)
_KEPT = 24 * 3600.0


@functools.cache
def name() -> str:
    """What it is called: the same only if the same source is packed by the same Python."""
    told = hashlib.sha256(sys.version.encode())
    for source in _sources():
        told.update(f"{source.name} {source.stat().st_size}\n".encode() + source.read_bytes())
    return f"agent-{told.hexdigest()[:16]}.pyz"


def packed() -> bytes:
    """Its content."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        _add(archive, "__main__.py", _MAIN)
        _add(archive, "nepi/__init__.py", b"")
        for source in _sources():
            _add(archive, f"nepi/agent/{source.name}", source.read_bytes())
            # Read where the same Python runs there, passed over where another does.
            _add(archive, f"nepi/agent/{source.stem}.pyc", _compiled(source))
    return content.getvalue()


def _sources() -> list[Path]:
    return sorted(_SOURCE.glob("*.py"))


def _compiled(source: Path) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "module.pyc")
        py_compile.compile(
            str(source),
            cfile=str(target),
            dfile=f"nepi/agent/{source.name}",
            doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
        return target.read_bytes()


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, _DATE), data)


def install(folder: Path) -> Path:
    """The file in a folder of this machine; there already, it is left as it is."""
    target = folder / name()
    if not target.exists():
        temporary = target.with_suffix(f".{os.getpid()}")
        temporary.touch(0o600)
        temporary.write_bytes(packed())
        temporary.replace(target)
        _remove_old(folder)
    return target


def _remove_old(folder: Path) -> None:
    """What other versions left; one that begins an agent right now has just been made."""
    for other in folder.glob("agent-*.pyz"):
        with suppress(FileNotFoundError):
            if time.time() - other.stat().st_mtime > _KEPT:
                other.unlink()

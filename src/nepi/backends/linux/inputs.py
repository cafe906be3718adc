# SPDX-License-Identifier: BSD-3-Clause
"""What an application finds in its folder before it starts, and what is taken from there after."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from nepi.hosts import FileError, Host, MissingFileError

Content = Path | str | bytes
Given = Sequence[Path] | Mapping[str, Content]


def check_names(given: Given) -> None:
    """Raise ValueError if a file would be put anywhere else than into the folder."""
    for name, _ in _named(given):
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise ValueError(f"{name!r} does not stay in the folder of the application")
    names = [name for name, _ in _named(given)]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{', '.join(twice)} is there twice; give a mapping of names to files")


def _named(given: Given) -> Iterator[tuple[str, Content]]:
    if isinstance(given, Mapping):
        yield from given.items()
    else:
        yield from ((path.name, path) for path in given)


async def put_all(host: Host, given: Given, folder: PurePosixPath, who: str) -> None:
    """Put files, and folders with all that is in them, into *folder* of *host*."""
    pairs = [pair for name, content in _named(given) for pair in _files(name, content, who)]
    for parent in sorted({(folder / name).parent for name, _ in pairs} - {folder}):
        await host.files.mkdir(parent)
    await asyncio.gather(
        *(
            host.files.put(content.encode() if isinstance(content, str) else content, folder / name)
            for name, content in pairs
        )
    )


def _files(name: str, content: Content, who: str) -> Iterator[tuple[str, Content]]:
    if not isinstance(content, Path):
        yield name, content
        return
    source = content.expanduser()
    if not source.exists():
        raise MissingFileError(f"{who}: files: there is no {source}")
    if not source.is_dir():
        yield name, source
        return
    for path in sorted(source.rglob("*")):
        if path.is_file():
            yield str(PurePosixPath(name, path.relative_to(source))), path


async def collect(
    host: Host, patterns: Sequence[str], folder: PurePosixPath, into: Path, who: str
) -> None:
    """Fetch the files of *host* that *patterns* name into the folder *into* of this machine."""
    for pattern in patterns:
        found = await _matching(host, folder / pattern)
        if not found:
            raise MissingFileError(f"{who}: collect: it left no {folder / pattern}")
        for path in found:
            if path != PurePosixPath(into, path.name):
                await host.files.get(path, into / path.name)


async def _matching(host: Host, wanted: PurePosixPath) -> list[PurePosixPath]:
    try:
        there = await host.files.list(wanted.parent)
    except FileError:
        return []
    return [
        wanted.parent / each.name
        for each in there
        if each.kind == "file" and fnmatchcase(each.name, wanted.name)
    ]

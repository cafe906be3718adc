# SPDX-License-Identifier: BSD-3-Clause
"""Finding types by name: late, with the nearest name, and with the reason where one is missing."""

import sys
from pathlib import Path

import pytest

from nepi.resource import (
    DeclarationError,
    Registry,
    RetiredTypeError,
    UnavailableBackendError,
    UnknownTypeError,
)
from nepi.resource.registry import Backend
from tests.resource import sample

LISTING = """
TYPES = {"sample::Node": "tests.resource.sample:Node", "sample::Gone": "nowhere:Gone",
         "sample::Wrong": "tests.resource.sample:Node", "sample::None": "tests.resource.sample:No"}
ALIASES = {"SampleNode": "sample::Node"}
"""


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """Return one with a backend that works and one that does not."""
    (tmp_path / "working_backend.py").write_text(LISTING)
    (tmp_path / "broken_backend.py").write_text("import not_installed_anywhere")
    (tmp_path / "bare_backend.py").write_text("TYPES = {}")
    monkeypatch.syspath_prepend(str(tmp_path))  # pyright: ignore[reportUnknownMemberType]
    for name in ("working_backend", "broken_backend", "bare_backend"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return Registry(
        [
            Backend("bare", "bare_backend"),
            Backend("sample", "working_backend"),
            Backend("ruin", "broken_backend"),
        ]
    )


def test_types_are_found_by_name_and_other_name(registry: Registry) -> None:
    assert registry["sample::Node"] is sample.Node
    assert registry["SampleNode"] is sample.Node
    assert "sample::Node" in registry
    assert "SampleNode" in registry


def test_types_declared_in_this_process_are_found(registry: Registry) -> None:
    assert registry["sample::Ping"] is sample.Ping
    assert "sample::Ping" in registry


def test_only_what_backends_list_is_gone_through(registry: Registry) -> None:
    assert list(registry) == ["sample::Node", "sample::Gone", "sample::Wrong", "sample::None"]
    assert len(registry) == 4


def test_a_backend_is_imported_when_a_name_with_its_prefix_is_asked_for(
    registry: Registry,
) -> None:
    assert "working_backend" not in sys.modules
    assert registry["sample::Node"] is sample.Node
    assert "working_backend" in sys.modules
    assert "broken_backend" not in sys.modules


def test_an_unknown_type_names_the_nearest(registry: Registry) -> None:
    with pytest.raises(UnknownTypeError, match=r"'sample::Nod'; did you mean 'sample::Node'\?"):
        registry["sample::Nod"]
    with pytest.raises(UnknownTypeError, match=r"did you mean 'SampleNode'"):
        registry["samplenode"]
    with pytest.raises(UnknownTypeError, match=r"there is .*not_installed_anywhere"):
        registry["xyz"]
    assert "sample::Nod" not in registry
    assert registry.get("sample::Nod") is None


def test_a_backend_that_cannot_be_imported_says_why_when_asked_for(registry: Registry) -> None:
    for _ in range(2):
        with pytest.raises(
            UnavailableBackendError, match=r"'ruin' cannot be used here: .*not_installed_anywhere"
        ):
            registry["ruin::Node"]
    assert list(registry.unavailable()) == ["ruin"]


def test_a_backend_that_lists_nothing_says_so_and_hurts_no_other(registry: Registry) -> None:
    silent = Backend("silent", "nepi.core.errors")
    beside = Registry([silent, Backend("sample", "working_backend")])
    assert beside["sample::Node"] is registry["sample::Node"]
    with pytest.raises(UnavailableBackendError, match=r"'silent' cannot be used here: .* no TYPES"):
        beside["silent::Node"]
    assert list(beside.unavailable()) == ["silent"]


def test_a_type_that_cannot_be_imported_says_why(registry: Registry) -> None:
    with pytest.raises(UnavailableBackendError, match="No module named 'nowhere'"):
        registry["sample::Gone"]


@pytest.mark.parametrize("rtype", ["sample::Wrong", "sample::None"])
def test_a_listing_that_does_not_fit_is_told_to_its_author(registry: Registry, rtype: str) -> None:
    with pytest.raises(DeclarationError, match=f"lists {rtype} as"):
        registry[rtype]


@pytest.mark.parametrize(
    ("rtype", "instead"),
    [("planetlab::Node", "linux::Node"), ("OMFNode", "SSH"), ("linux::CCND", "Named Data")],
)
def test_types_of_platforms_that_are_gone_say_what_to_use(
    registry: Registry, rtype: str, instead: str
) -> None:
    with pytest.raises(RetiredTypeError, match=f"no {rtype} any more: .*{instead}"):
        registry[rtype]


def test_installed_backends_are_announced_by_entry_points() -> None:
    assert "linux::Node" in Registry.installed()

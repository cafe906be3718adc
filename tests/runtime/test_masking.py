# SPDX-License-Identifier: BSD-3-Clause
"""What is written down holds no secret."""

import pytest

from nepi.runtime.masking import mask, masked_arguments, masked_environment, names_secret


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["nepi", "run", "a.py"], ["nepi", "run", "a.py"]),
        (["--set", "a.token=x"], ["--set", "a.token=***"]),
        (["--password", "x", "y"], ["--password", "***", "y"]),
        (["--password=x"], ["--password=***"]),
        (["--api-key", "x"], ["--api-key", "***"]),
        (["-c", "count=20"], ["-c", "count=20"]),
        (["--set", "a.x=hunter2"], ["--set", "a.x=***"]),
        (["https://me:word@host/x"], ["https://me:***@host/x"]),
        (["--set", "client.pass=x"], ["--set", "client.pass=***"]),
        (["--compass", "n"], ["--compass", "n"]),
    ],
)
def test_secrets_of_a_command_line_are_masked(arguments: list[str], expected: list[str]) -> None:
    assert masked_arguments(arguments, secrets=["hunter2"]) == expected


def test_only_variables_of_the_prefix_are_kept_and_masked() -> None:
    environment = {"NEPI_B": "hunter2", "NEPI_TOKEN": "x", "NEPI_A": "1", "HOME": "/root"}
    kept = masked_environment(environment, prefix="NEPI_", secrets=["hunter2"])
    assert list(kept.items()) == [("NEPI_A", "1"), ("NEPI_B", "***"), ("NEPI_TOKEN", "***")]


def test_the_longer_of_two_secrets_leaves_nothing_behind() -> None:
    assert mask("x secretly y", ["secret", "secretly"]) == "x *** y"


def test_a_secret_too_short_to_hide_masks_nothing() -> None:
    assert mask("banana", ["a", ""]) == "banana"


@pytest.mark.parametrize(
    "name", ["--token", "NEPI_PASSWORD", "credentials", "passphrase", "apikey"]
)
def test_names_that_announce_a_secret(name: str) -> None:
    assert names_secret(name)


@pytest.mark.parametrize("name", ["count", "tokens_per_second", "passive", "key"])
def test_names_that_do_not(name: str) -> None:
    assert not names_secret(name)

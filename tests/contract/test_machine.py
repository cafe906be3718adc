# SPDX-License-Identifier: BSD-3-Clause
"""What every host says of itself."""

from pathlib import Path

import attrs

from nepi.hosts import Host
from tests.contract.conftest import Kit


@attrs.frozen
class Owner:
    """Something that has a folder in the run directory."""

    directory: Path


def test_it_knows_what_it_is(kit: Kit) -> None:
    async def body(host: Host) -> None:
        facts = await host.facts()
        assert facts.system == "Linux"
        assert facts.cores >= 1
        assert facts.memory > 0
        assert facts.boot

    kit.run(body)


def test_it_knows_its_addresses(kit: Kit) -> None:
    async def body(host: Host) -> None:
        found = await host.addresses()
        assert ("lo", "127.0.0.1/8") in [(one.interface, str(one.address)) for one in found]

    kit.run(body)


def test_it_knows_where_commands_are(kit: Kit) -> None:
    async def body(host: Host) -> None:
        found = await host.which(["cat", "no-such-thing"])
        assert found["no-such-thing"] is None
        assert found["cat"] is not None
        assert found["cat"].name == "cat"

    kit.run(body)


def test_a_resource_has_its_folder_there(kit: Kit, tmp_path: Path) -> None:
    async def body(host: Host) -> None:
        assert Path(host.workspace(Owner(tmp_path))) == tmp_path

    kit.run(body)

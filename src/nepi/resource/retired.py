# SPDX-License-Identifier: BSD-3-Clause
"""Resource types of NEPI whose platform no longer exists, and what to use instead."""

from collections.abc import Mapping
from types import MappingProxyType

_HOSTS = "use linux::Node"
_CCN = (
    "CCNx 0.x is no longer maintained: run a forwarder of today (such as NFD of Named Data "
    "Networking) as a linux::Application"
)

_PREFIXES: Mapping[str, str] = MappingProxyType(
    {
        "planetlab": f"PlanetLab was shut down in 2020: {_HOSTS}",
        "Planetlab": f"PlanetLab was shut down in 2020: {_HOSTS}",
        "OVS": "PlanetLab was shut down in 2020: run ovs-vsctl as a linux::Application",
        "omf": f"OMF testbeds are gone: {_HOSTS} on machines that you reach by SSH",
        "OMF": f"OMF testbeds are gone: {_HOSTS} on machines that you reach by SSH",
        "abstract::omf": f"OMF testbeds are gone: {_HOSTS} on machines that you reach by SSH",
        "wilabt": f"w-iLab.t by SFA is not supported: {_HOSTS} on machines that you reach by SSH",
        "Wilabt": f"w-iLab.t by SFA is not supported: {_HOSTS} on machines that you reach by SSH",
        "linux::CCN": _CCN,
        "linux::FIBEntry": _CCN,
        "LinuxCCN": _CCN,
        "LinuxFIBEntry": _CCN,
        "ns3::LinuxCCN": _CCN,
        "ns3::LinuxDceCCN": _CCN,
        "linux::ns3::dce::CCN": _CCN,
        "linux::ns3::dce::FIBEntry": _CCN,
    }
)


def retired(rtype: str) -> str | None:
    """Return why there is no *rtype* any more and what to use instead, if it is one of these."""
    return next((why for prefix, why in _PREFIXES.items() if rtype.startswith(prefix)), None)

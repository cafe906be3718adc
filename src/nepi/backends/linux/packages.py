# SPDX-License-Identifier: BSD-3-Clause
"""Which Debian package brings a program that experiments use."""

from collections.abc import Mapping
from types import MappingProxyType

PACKAGES: Mapping[str, str] = MappingProxyType(
    {
        program: package
        for package, programs in {
            "apache2-utils": "ab",
            "bind9-dnsutils": "dig host nslookup",
            "bird2": "bird birdc",
            "bmon": "bmon",
            "bridge-utils": "brctl",
            "coreutils": "head sha256sum stdbuf timeout",
            "curl": "curl",
            "dnsmasq-base": "dnsmasq",
            "ethtool": "ethtool",
            "ffmpeg": "ffmpeg ffplay",
            "flent": "flent",
            "fping": "fping",
            "frr": "zebra bgpd ospfd vtysh",
            "hping3": "hping3",
            "httping": "httping",
            "iperf": "iperf",
            "iperf3": "iperf3",
            "iproute2": "bridge ip ss tc",
            "iptables": "iptables ip6tables",
            "iputils-arping": "arping",
            "iputils-ping": "ping",
            "iputils-tracepath": "tracepath",
            "iw": "iw",
            "lighttpd": "lighttpd",
            "mosquitto": "mosquitto",
            "mosquitto-clients": "mosquitto_pub mosquitto_sub",
            "mtr-tiny": "mtr",
            "net-tools": "arp ifconfig netstat route",
            "netcat-openbsd": "nc netcat",
            "netperf": "netperf netserver",
            "nftables": "nft",
            "nginx": "nginx",
            "ngrep": "ngrep",
            "nmap": "nmap nping",
            "nuttcp": "nuttcp",
            "openssh-client": "scp sftp ssh",
            "openssh-server": "sshd",
            "openvswitch-switch": "ovs-ofctl ovs-vsctl",
            "procps": "pgrep pkill ps sysctl top vmstat",
            "psmisc": "fuser killall",
            "python3": "python3",
            "rsync": "rsync",
            "screen": "screen",
            "socat": "socat",
            "strace": "strace",
            "stress-ng": "stress-ng",
            "sysstat": "iostat mpstat sar",
            "tcpdump": "tcpdump",
            "tcpreplay": "tcpreplay",
            "traceroute": "traceroute",
            "tshark": "dumpcap tshark",
            "util-linux": "flock nsenter taskset unshare",
            "vlc-bin": "cvlc vlc",
            "wget": "wget",
            "wireguard-tools": "wg",
            "wrk": "wrk",
        }.items()
        for program in programs.split()
    }
)


def hint(program: str) -> str:
    """Say how to get *program*, as the end of a message."""
    package = PACKAGES.get(program.rpartition("/")[2])
    return f"apt install {package}" if package else "install it, or give its path"

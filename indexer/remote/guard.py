"""Which machines may be contacted: no table that somebody sent may have this one ask others inside its own network.

The check is of the address that a socket is about to connect to, after the name was resolved, and so for every
redirect and every further connection: a name that resolves to another address the second time gains nothing.
See OWASP, "Server Side Request Forgery Prevention".
"""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Callable
from typing import Any, Final

REFUSED: Final = "is an address inside a network"
"""In the message of every refusal, by which it is known again after it was wrapped."""
_Ip = ipaddress.IPv4Address | ipaddress.IPv6Address
_NEVER: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            *("169.254.0.0/16", "fe80::/10"),  # link-local: AWS's, Google's and Azure's metadata among it
            *("168.63.129.16/32", "100.100.100.200/32", "192.0.0.0/24"),  # metadata of Azure, Alibaba, Oracle
            *("fd00:ec2::254/128", "fd20:ce::254/128", "fd00:c1::a9fe:a9fe/128", "fd00:42::42/128"),  # by IPv6
            "64:ff9b:1::/48",  # local translation to IPv4, wherever in it the address lies (RFC 8215)
            *("0.0.0.0/8", "::/128"),  # "this machine", to some systems
        ),
    )
)
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


class RefusedAddressError(OSError):
    """A machine that may not be contacted."""


def why_refused(ip: str, private: bool = False) -> str:
    """Why a numeric address may not be contacted; "" where it may.

    private: whether a shop's own network and this machine may be; link-local addresses and the metadata services of
    clouds, which give away credentials, never are.
    """
    try:
        address = _plain(ipaddress.ip_address(ip.partition("%")[0]))
    except ValueError:
        return f"it {REFUSED} or none at all"
    if any(address in network for network in _NEVER) or address.is_multicast:
        return f"it {REFUSED} that is never read (link-local, metadata of a cloud)"
    site = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    if private or (address.is_global and not address.is_reserved and not site):
        return ""
    return f"it {REFUSED}, private or of this machine: --allow-private reads it"


def _plain(address: _Ip) -> _Ip:
    """The IPv4 address inside an IPv6 one that only wraps it."""
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None) or address


def guarded_socket(private: bool) -> Callable[[tuple[Any, ...]], socket.socket]:
    """Makes sockets for what `getaddrinfo` found, of permitted machines only. Raises RefusedAddressError."""

    def make(found: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, where = found
        if why := why_refused(str(where[0]), private):
            raise RefusedAddressError(errno.EACCES, why)
        return socket.socket(family, kind, protocol)

    return make

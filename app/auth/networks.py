"""The networks that an address is counted for: each may be one household, or one attacker."""

import ipaddress
from typing import NamedTuple

# Households get anything from a /64 to a /48, and nobody can see which. A wider network gets little more than a
# narrower one: it may be one attacker's, and also the homes of a few hundred customers of one provider.
_IPV6_STEPS = ((64, 1), (56, 2), (48, 4))
_NAT64 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))  # RFC 6052, RFC 8215


class Network(NamedTuple):
    """A network that is counted as one.

    :ivar factor: how many times what one address may
    """

    name: str
    factor: int


def networks_of(address: str) -> tuple[Network, ...]:
    """The networks that an address counts for, the narrowest first. None for what is no address: it tells nothing."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ()
    if isinstance(parsed, ipaddress.IPv6Address) and (inside := _ipv4_inside(parsed)) is None:
        return tuple(
            Network(str(ipaddress.ip_network((int(parsed), length), strict=False)), factor)
            for length, factor in _IPV6_STEPS
        )
    return (Network(str(parsed if isinstance(parsed, ipaddress.IPv4Address) else inside), 1),)


def _ipv4_inside(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that a translator or tunnel has written into an IPv6 address."""
    if any(address in network for network in _NAT64):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)

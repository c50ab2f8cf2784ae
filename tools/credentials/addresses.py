"""Where we go because a server said so: to a public address over TLS, looked up once and checked.

What the operator wrote down is trusted and does not come here. An address that a server names could be one
of ours that it cannot reach itself: this machine, its network, the metadata service of its cloud. A name is
resolved here and the connection made to what was checked; were the name resolved again for connecting, its
owner could answer differently the second time.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import httpx

from tools.errors import AddressRefused, NotSent

Address = IPv4Address | IPv6Address

# All of public IPv6 lies in here; what else is routable leads back to IPv4 or into somebody's own network.
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_TRANSLATED = IPv6Network("64:ff9b::/96")
# Teredo and other protocols, documentation, 6to4, documentation again.
_NOT_PUBLIC_IPV6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
# Public by their number: Azure's own machine, protocols (and Oracle's machine), relays from IPv6.
_NOT_PUBLIC_IPV4 = tuple(map(IPv4Network, ("168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24")))


def is_public(address: Address) -> bool:
    """Say whether an address belongs to a machine of the public internet."""
    if isinstance(address, IPv4Address):
        public = address.is_global and not address.is_multicast and not address.is_reserved
        return public and not any(address in network for network in _NOT_PUBLIC_IPV4)
    if address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    if address in _TRANSLATED:
        return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    return address in _GLOBAL_UNICAST and not any(address in network for network in _NOT_PUBLIC_IPV6)


class CheckedTransport(httpx.AsyncBaseTransport):
    """Sends over TLS to addresses that `may_connect` admits; every request is resolved and checked anew."""

    def __init__(self, may_connect: Callable[[Address], bool] = is_public, *, tls: ssl.SSLContext) -> None:
        self._may_connect = may_connect
        # No connection is kept: under its number another name at the same address would find it, and its
        # certificate was checked for the first name.
        self._transport = httpx.AsyncHTTPTransport(
            verify=tls, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request to the first checked address that takes a connection.

        Raises:
            AddressRefused: it is not https, or one of its addresses is not admitted.
            NotSent: the name cannot be resolved.
        """
        url = request.url
        if url.scheme != "https":
            raise AddressRefused(f"a server names {_shown(url)}, and we go nowhere but by https")
        addresses = await self._resolve(url)
        for address in addresses[:-1]:
            try:
                return await self._transport.handle_async_request(_sent_to(request, address))
            except httpx.ConnectError:
                continue
        return await self._transport.handle_async_request(_sent_to(request, addresses[-1]))

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def _resolve(self, url: httpx.URL) -> list[Address]:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                url.host, url.port or 443, type=socket.SOCK_STREAM
            )
        except (OSError, UnicodeError) as error:
            raise NotSent(f"{url.host} has no address: {error}") from error
        addresses = [ip_address(str(where[0]).partition("%")[0]) for *_, where in found]
        if not all(self._may_connect(address) for address in addresses):
            raise AddressRefused(f"a server names {_shown(url)}, which is not on the public internet")
        return addresses


def _sent_to(request: httpx.Request, address: Address) -> httpx.Request:
    """Return the request addressed to a number; its Host header and TLS keep the name."""
    extensions = {**request.extensions, "sni_hostname": request.url.host}
    return httpx.Request(
        request.method,
        request.url.copy_with(host=str(address)),
        headers=request.headers,
        stream=request.stream,
        extensions=extensions,
    )


def _shown(url: httpx.URL) -> str:
    """Show where to, without what may be secret in it."""
    return str(url.copy_with(userinfo=b"", query=None, fragment=None))

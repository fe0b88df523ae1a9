"""Calling addresses that strangers wrote: whoever makes a certificate chooses whom we call.

So only http and https are spoken; every address a host name stands for is looked at before it is called, and one
inside a private network, on this machine or otherwise not on the public internet is refused unless the
configuration allows it; the connection goes to the address that was looked at, so that a name cannot change in
between; a redirect leads to the same host only; proxies and passwords of the environment are not used; size and
time are bounded. Looking up a name is bounded by the system's resolver alone.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from signing.errors import AddressRefused, FetchFailed

_LONGEST_ADDRESS = 2048
_MOST_REDIRECTS = 3
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_CHUNK = 64 << 10
#: IPv6 addresses that stand for an IPv4 address which a gateway then calls.
_TRANSLATED = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"), ip_network("2002::/16"))
_Address = IPv4Address | IPv6Address


class Web:
    """Fetches a few bytes from an address a certificate names; safe from any thread."""

    def __init__(
        self,
        allowed: Sequence[str] = (),
        *,
        connect_seconds: float = 5.0,
        read_seconds: float = 10.0,
        total_seconds: float = 20.0,
        ca_file: str | None = None,
    ) -> None:
        """Nothing is called yet.

        Args:
            allowed: networks that may be called although they are not public, e.g. "10.20.0.0/16": where the
                government network's certificate authorities are.
            total_seconds: for one address, redirects not counted.
            ca_file: PEM of who may vouch for https servers; None takes the ones `requests` brings.

        Raises:
            ValueError: a network cannot be read.
        """
        self._allowed = tuple(ip_network(one) for one in allowed)
        self._timeout = (connect_seconds, read_seconds)
        self._total = total_seconds
        self._verify = True if ca_file is None else ca_file

    def get(self, address: str, most: int) -> bytes:
        """What lies at `address`, at most that many bytes.

        Raises:
            AddressRefused: it must not be called, or nobody can call it.
            FetchFailed: no answer, too late, an error, or too much.
        """
        for _ in range(_MOST_REDIRECTS + 1):
            found, moved = self._call("GET", address, most)
            if moved is None:
                return found
            target = urljoin(address, moved)
            if urlsplit(target).hostname != urlsplit(address).hostname:
                raise AddressRefused(f"{shown(address)} sends on to another host; it was not followed.")
            address = target
        raise FetchFailed(f"{shown(address)} sends on in circles.")

    def post(self, address: str, body: bytes, kind: str, most: int) -> bytes:
        """The answer to `body` of that media type. Raises as `get` does; a redirect is a FetchFailed."""
        found, moved = self._call("POST", address, most, body, {"Content-Type": kind})
        if moved is not None:
            raise FetchFailed(f"{shown(address)} sends a question on instead of answering it.")
        return found

    def _call(
        self, method: str, address: str, most: int, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[bytes, str | None]:
        _check_form(address)
        line = _Line(self._allowed, self._total)
        try:
            with requests.Session() as session, line:
                session.trust_env = False
                session.mount("http://", _Adapter(line))
                session.mount("https://", _Adapter(line))
                # Packed content would be unpacked before its size is known.
                asked = {"Accept-Encoding": "identity", "User-Agent": "yizheng-hub", "Connection": "close"}
                response = session.request(
                    method,
                    address,
                    data=body,
                    headers=asked | (headers or {}),
                    timeout=self._timeout,
                    verify=self._verify,
                    allow_redirects=False,
                    stream=True,
                )
                if response.status_code in _REDIRECTS:
                    return b"", response.headers.get("Location", "")
                if response.status_code != 200:
                    raise FetchFailed(f"{shown(address)} answers with HTTP status {response.status_code}.")
                content = _bounded(response, address, most)
                if line.cut:
                    raise FetchFailed(f"{shown(address)} takes longer than {self._total:g} s.")
                return content, None
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            late = line.cut or isinstance(error, requests.Timeout)
            why = "does not answer in time" if late else f"cannot be reached ({type(error).__name__})"
            raise FetchFailed(f"{shown(address)} {why}.") from None


def shown(address: str) -> str:
    """An address fit to stand in a message: it comes from a stranger."""
    text = "".join(one if one.isprintable() and one not in "<>\"'`" else "?" for one in address)
    return text if len(text) <= 120 else f"{text[:117]}..."


def _check_form(address: str) -> None:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise AddressRefused(f"the address {shown(address)} cannot be read.") from None
    scheme = parts.scheme.lower()
    if scheme in ("ldap", "ldaps"):
        raise AddressRefused(f"the address is LDAP: {shown(address)}; configure the list as a file.")
    if scheme not in ("http", "https") or not parts.hostname or port == 0 or len(address) > _LONGEST_ADDRESS:
        raise AddressRefused(f"the address {shown(address)} is not one of http or https; it was not called.")
    if parts.username is not None or parts.password is not None:
        raise AddressRefused(f"the address {shown(parts.hostname)} comes with a password; it was not called.")


def _bounded(response: requests.Response, address: str, most: int) -> bytes:
    found = bytearray()
    while chunk := response.raw.read(min(_CHUNK, most + 1 - len(found)), decode_content=False):
        found += chunk
        if len(found) > most:
            raise FetchFailed(f"{shown(address)} sends more than {most} bytes.")
    return bytes(found)


def is_public(address: _Address) -> bool:
    """Whether an address belongs to the public internet and to one machine there."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in _TRANSLATED):
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


class _Line:
    """One call's connection: who may be at the other end, and until when."""

    def __init__(self, allowed: Sequence[IPv4Network | IPv6Network], seconds: float) -> None:
        self.cut = False
        self._allowed = allowed
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._handles: list[socket.socket] = []

    def __enter__(self) -> _Line:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        for one in self._handles:
            one.close()

    def connect(self, host: str, port: int, timeout: Any) -> socket.socket:
        """A connection to the first address of `host` that answers; none unless all of them may be called."""
        if self.cut:
            raise TimeoutError("the time is over")
        addresses = self._resolved(host, port)
        failure: OSError = OSError("no address")
        for address in addresses:
            try:
                made = socket.create_connection((str(address), port), timeout)
            except OSError as error:
                failure = error
                continue
            # A second handle of the same connection: TLS takes the first one over.
            self._handles.append(made.dup())
            return made
        raise failure

    def _resolved(self, host: str, port: int) -> list[_Address]:
        found = [
            ip_address(str(entry[4][0]).partition("%")[0])
            for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        ]
        for address in found:
            if not is_public(address) and not any(address in network for network in self._allowed):
                raise AddressRefused(
                    f"{shown(host)} lies in a network that is not public; it was not called. "
                    "Allow that network in the configuration if it is an authority's."
                )
        return list(dict.fromkeys(found))

    def _cut(self) -> None:
        """A server that sends a byte now and then would otherwise never end."""
        self.cut = True
        for one in self._handles:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


class _Adapter(HTTPAdapter):
    """Has every connection made by `line`."""

    def __init__(self, line: _Line) -> None:
        self._line = line
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        connect = self._line.connect

        class Plain(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return _connected(connect, self)

        class Secure(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return _connected(connect, self)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}


def _connected(connect: Callable[[str, int, Any], socket.socket], connection: HTTPConnection) -> socket.socket:
    return connect(connection.host, connection.port or connection.default_port, connection.timeout)

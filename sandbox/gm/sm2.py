"""SM2 (GB/T 32918) in plain Python: keys and signatures of simulated authorities.

Nothing here runs in constant time: good enough for keys that protect nothing.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from functools import lru_cache

from asn1crypto import algos
from cryptography.hazmat.primitives import hashes

USER_ID = b"1234567812345678"
P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
Point = tuple[int, int] | None


def sm3(data: bytes) -> bytes:
    """The 32-byte digest (GB/T 32905)."""
    state = hashes.Hash(hashes.SM3())
    state.update(data)
    return state.finalize()


def add(one: Point, other: Point) -> Point:
    """The sum of two points of the curve; None is the point at infinity."""
    if one is None or other is None:
        return other if one is None else one
    (x1, y1), (x2, y2) = one, other
    if x1 == x2:
        if (y1 + y2) % P == 0:
            return None
        slope = (3 * x1 * x1 + A) * pow(2 * y1, -1, P)
    else:
        slope = (y2 - y1) * pow(x2 - x1, -1, P)
    x3 = (slope * slope - x1 - x2) % P
    return x3, (slope * (x1 - x3) - y1) % P


@lru_cache(maxsize=1)
def _table() -> tuple[tuple[Point, ...], ...]:
    """For each of the 64 hexadecimal places: 0 to 15 times 16**place times G."""
    rows: list[tuple[Point, ...]] = []
    base: Point = G
    for _ in range(64):
        row: list[Point] = [None]
        for _ in range(15):
            row.append(add(row[-1], base))
        rows.append(tuple(row))
        base = add(row[-1], base)
    return tuple(rows)


def times_g(number: int) -> Point:
    """`number` times the base point."""
    found: Point = None
    for row in _table():
        found = add(found, row[number & 15])
        number >>= 4
    return found


@dataclass(frozen=True, slots=True)
class Key:
    """A private key, a number from 1 to N - 2."""

    secret: int = field(repr=False)
    point: tuple[int, int]

    @classmethod
    def of(cls, secret: int) -> Key:
        """The key with this number."""
        point = times_g(secret)
        if not 1 <= secret <= N - 2 or point is None:
            raise ValueError("an SM2 key is a number from 1 to N - 2")
        return cls(secret, point)

    @classmethod
    def generate(cls) -> Key:
        """A new key."""
        return cls.of(secrets.randbelow(N - 2) + 1)

    @property
    def public(self) -> bytes:
        """The uncompressed point, 65 bytes."""
        return b"\x04" + b"".join(one.to_bytes(32, "big") for one in self.point)

    def sign(self, message: bytes, user_id: bytes = USER_ID) -> bytes:
        """The DER signature over a message."""
        curve = b"".join(one.to_bytes(32, "big") for one in (A, B, *G))
        z = sm3((len(user_id) * 8).to_bytes(2, "big") + user_id + curve + self.public[1:])
        return self.sign_digest(sm3(z + message))

    def sign_digest(self, digest: bytes) -> bytes:
        """The DER signature over e = SM3(Z ‖ M)."""
        e = int.from_bytes(digest, "big")
        while True:
            k = secrets.randbelow(N - 1) + 1
            point = times_g(k)
            r = (e + (point[0] if point else 0)) % N
            s = pow(1 + self.secret, -1, N) * (k - r * self.secret) % N
            if point is not None and r != 0 and r + k != N and s != 0:
                return bytes(algos.DSASignature({"r": r, "s": s}).dump())

"""Passwords and client secrets as one-way hashes (scrypt, RFC 7914)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Final

#: The interactive cost recommended by OWASP: 64 MiB, about a tenth of a second.
_N, _R, _P = 2**16, 8, 1
_LENGTH: Final = 32
_LARGEST: Final = 128 * _N * _R * _P * 2
_PREFIX: Final = "scrypt"


def hashed(secret: str) -> str:
    """`scrypt$n$r$p$salt$hash`, to be written down in place of the secret."""
    salt = secrets.token_bytes(16)
    return "$".join((_PREFIX, str(_N), str(_R), str(_P), _text(salt), _text(_derive(secret, salt, _N, _R, _P))))


def well_formed(stored: str) -> bool:
    """Whether it is a hash that `matches` can judge."""
    return _parts(stored) is not None


def matches(secret: str, stored: str | None) -> bool:
    """Whether the secret is the one that was hashed.

    Takes the same time where there is nothing to compare with, so that nobody learns which accounts exist.
    """
    parts = _parts(stored) if stored is not None else None
    if parts is None:
        _derive(secret, bytes(16), _N, _R, _P)
        return False
    n, r, p, salt, wanted = parts
    return hmac.compare_digest(_derive(secret, salt, n, r, p), wanted)


def _parts(stored: str) -> tuple[int, int, int, bytes, bytes] | None:
    try:
        prefix, n, r, p, salt, wanted = stored.split("$")
        found = (int(n), int(r), int(p), base64.b64decode(salt), base64.b64decode(wanted))
    except ValueError:
        return None
    good = prefix == _PREFIX and found[0] >= 2**14 and 128 * found[0] * found[1] * found[2] <= _LARGEST
    return found if good and len(found[3]) >= 16 and len(found[4]) == _LENGTH else None


def _derive(secret: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=salt, n=n, r=r, p=p, maxmem=_LARGEST, dklen=_LENGTH)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()

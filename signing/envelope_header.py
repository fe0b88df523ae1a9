"""The head of an envelope: what suite, for whom, which transfer, how much; and the keys that hang on every bit of it.

    8 bytes    magic `YZENV\\0\\0\\1`
    4 bytes    length of the JSON, big-endian
    JSON       canonical, the fields of `Header`
    32 bytes   HMAC over all before it, under a key made from the content secret

Payload key and header key are made by HKDF from the content secret with the digest of the head as salt: a head that
was changed by one bit gives other keys, so head and payload cannot be parted. The HMAC says so before any payload is
read, and commits to the one key, which GCM alone does not.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, BinaryIO, Final

from cryptography.hazmat.primitives.hashes import SHA256, SM3, Hash, HashAlgorithm
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.canonical import canonical
from signing.errors import EnvelopeFault, EnvelopeRefused
from signing.port import Wrapping

MAGIC: Final = b"YZENV\x00\x00\x01"
SECRET_LENGTH: Final = 32
_TAG_LENGTH = 32
_LONGEST_JSON = 8 << 10
_INFO = b"yizheng envelope 1"
_HEX = re.compile(r"[0-9a-f]{64}")
#: A name for both hubs' logs and file names.
_TRANSFER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
#: Below, the tags would be a large part; above, a chunk would be much memory.
_CHUNKS = range(1 << 10, (4 << 20) + 1)
_LARGEST = 1 << 46
_FIELDS = frozenset(("at", "chunk", "receiver", "size", "suite", "transfer", "wrapped"))


class Suite(StrEnum):
    """Wrapping, cipher and digest that belong together."""

    SM = "sm2-sm4gcm-sm3"
    RSA = "rsaoaep-aes256gcm-sha256"
    P256 = "hpkep256-aes256gcm-sha256"

    @property
    def wrapping(self) -> Wrapping:
        """How the content secret is encrypted."""
        return _WRAPPINGS[self]

    @property
    def digest(self) -> HashAlgorithm:
        """What HKDF and HMAC use."""
        return SM3() if self is Suite.SM else SHA256()

    @property
    def key_length(self) -> int:
        """Bytes of the payload key."""
        return 16 if self is Suite.SM else 32


_WRAPPINGS: Final[Mapping[Suite, Wrapping]] = {
    Suite.SM: Wrapping.SM2,
    Suite.RSA: Wrapping.RSA_OAEP_SHA256,
    Suite.P256: Wrapping.HPKE_P256,
}


@dataclass(frozen=True, slots=True)
class Header:
    """What an envelope says of itself; believed only after `Keys.check`.

    Attributes:
        receiver: SM3 of the receiver's certificate, 64 hexadecimal digits.
        transfer: id of the transfer, 1 to 100 letters, digits and `._-`.
        size: bytes of the plaintext.
        chunk: bytes of plaintext a chunk, but for the last.
        at: when it was sealed, as the sender's clock said.
    """

    suite: Suite
    receiver: str
    transfer: str
    size: int
    chunk: int
    wrapped: bytes
    at: datetime

    def __post_init__(self) -> None:
        sound = (
            _HEX.fullmatch(self.receiver)
            and _TRANSFER.fullmatch(self.transfer)
            and 0 <= self.size <= _LARGEST
            and self.chunk in _CHUNKS
            and self.at.tzinfo is not None
        )
        if not sound:
            raise ValueError("an envelope's head has a field out of its range")

    @property
    def chunks(self) -> int:
        """Chunks of the payload; an empty plaintext is one empty chunk."""
        return max(1, -(-self.size // self.chunk))

    def raw(self) -> bytes:
        """Magic, length and JSON: what keys and HMAC are made over."""
        body = canonical(
            {
                "at": self.at.isoformat(),
                "chunk": self.chunk,
                "receiver": self.receiver,
                "size": self.size,
                "suite": self.suite.value,
                "transfer": self.transfer,
                "wrapped": base64.b64encode(self.wrapped).decode(),
            }
        )
        return MAGIC + len(body).to_bytes(4, "big") + body


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """The two keys of one envelope."""

    header: bytes
    payload: bytes

    @classmethod
    def of(cls, header: Header, secret: bytes) -> Keys:
        """From the content secret, used for this one head and never for another."""
        digest = Hash(header.suite.digest)
        digest.update(header.raw())
        length = _TAG_LENGTH + header.suite.key_length
        made = HKDF(header.suite.digest, length, digest.finalize(), _INFO).derive(secret)
        return cls(made[:_TAG_LENGTH], made[_TAG_LENGTH:])

    def tag(self, header: Header) -> bytes:
        """HMAC over the head."""
        mac = HMAC(self.header, header.suite.digest)
        mac.update(header.raw())
        return mac.finalize()

    def check(self, header: Header, tag: bytes) -> None:
        """Return when the head is what was sealed. Raises EnvelopeRefused when it was altered."""
        if not hmac.compare_digest(self.tag(header), tag):
            raise EnvelopeRefused(
                EnvelopeFault.ALTERED, "the head of an envelope was altered; nothing was opened. Have it sent anew."
            )


def read_head(stream: BinaryIO) -> tuple[Header, bytes]:
    """Head and HMAC from the beginning of an envelope; nothing of it is checked yet but its form.

    Raises:
        EnvelopeRefused: no envelope, of another version, or cut off.
    """
    start = stream.read(len(MAGIC) + 4)
    if len(start) < len(MAGIC) + 4 or start[: len(MAGIC)] != MAGIC:
        raise _no_envelope("a file is no envelope of the one version known here; nothing was opened.")
    length = int.from_bytes(start[len(MAGIC) :], "big")
    if length > _LONGEST_JSON:
        raise _no_envelope("the head of an envelope is too long; nothing was opened.")
    body, tag = stream.read(length), stream.read(_TAG_LENGTH)
    if len(body) != length or len(tag) != _TAG_LENGTH:
        raise _no_envelope("an envelope ends within its head; nothing was opened. Have it sent anew.")
    try:
        header = _parsed(json.loads(body))
    except (ValueError, TypeError, KeyError, RecursionError, binascii.Error):
        raise _no_envelope("the head of an envelope cannot be read; nothing was opened.") from None
    if header.raw() != start + body:
        raise _no_envelope("the head of an envelope is not in its one form; nothing was opened.")
    return header, tag


def _parsed(said: Any) -> Header:
    if not isinstance(said, dict) or said.keys() != _FIELDS:
        raise ValueError("other fields than those of a head")
    if type(said["size"]) is not int or type(said["chunk"]) is not int:
        raise TypeError("a number is none")
    return Header(
        suite=Suite(said["suite"]),
        receiver=said["receiver"],
        transfer=said["transfer"],
        size=said["size"],
        chunk=said["chunk"],
        wrapped=base64.b64decode(said["wrapped"], validate=True),
        at=datetime.fromisoformat(said["at"]),
    )


def _no_envelope(message: str) -> EnvelopeRefused:
    return EnvelopeRefused(EnvelopeFault.FORM, message)

"""Digital envelopes 数字信封: a file of any size encrypted to one receiver's certificate, in constant memory.

After the head (`envelope_header`) come the chunks, each sealed by itself (SM4-GCM or AES-256-GCM, 16 bytes of tag
behind it) as in the STREAM construction: the nonce is the chunk's number (11 bytes) and one byte that is 1 in the
last chunk only. So no chunk can be left out, moved, repeated or cut off unnoticed, and none fits another envelope,
since each has a secret of its own. The secret is drawn anew for every envelope and used once: an envelope that was
cut off while it was written is never gone on with, but made anew; what is transported is the finished file.

The envelope hides; it does not say who sealed it. That is said by what is signed inside it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SM3, Hash

from core.digest import sm3_hex
from signing.beside import written_beside
from signing.envelope_header import SECRET_LENGTH, Header, Keys, Suite, read_head
from signing.envelope_receiver import Receiver
from signing.errors import CiphertextRefused, EnvelopeFault, EnvelopeNotWritten, EnvelopeRefused, PlaintextChanged
from signing.port import Decrypter

CHUNK = 1 << 20
_TAG_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was written: an envelope, or what was in one.

    Attributes:
        header: of the envelope.
        size, sm3: of the file written; 64 hexadecimal digits.
    """

    header: Header
    size: int
    sm3: str


def seal_to(
    receiver_certificate: bytes,
    plaintext_path: Path,
    out_path: Path,
    *,
    transfer: str,
    at: datetime,
    chunk: int = CHUNK,
) -> Written:
    """Seal a file to the receiver; `out_path` appears whole or not at all.

    Args:
        receiver_certificate: DER. That it is the receiver's, the caller has to know.
        transfer: id of the transfer, 1 to 100 letters, digits and `._-`.
        at: the certificate must be valid then.
        chunk: bytes of plaintext a chunk.

    Raises:
        CertificateRefused: it cannot be read, is not valid `at`, or is not for encryption.
        EnvelopeNotWritten: a file cannot be read or written.
        PlaintextChanged: it grew or shrank meanwhile.
    """
    receiver = Receiver.of(receiver_certificate, at)
    secret = secrets.token_bytes(SECRET_LENGTH)
    try:
        with plaintext_path.open("rb") as plain:
            header = Header(
                suite=next(suite for suite in Suite if suite.wrapping is receiver.wrapping),
                receiver=receiver.digest.hex(),
                transfer=transfer,
                size=plain.seek(0, 2),
                chunk=chunk,
                wrapped=receiver.wrap(secret),
                at=at,
            )
            plain.seek(0)
            keys = Keys.of(header, secret)
            with written_beside(out_path, 0o644) as out:
                return _write(out, header, (header.raw(), keys.tag(header)), _sealed(header, keys, plain))
    except OSError as error:
        raise _not_written(error, out_path) from None


def open_with(key: Decrypter, in_path: Path, out_path: Path) -> Written:
    """Open an envelope; `out_path` (for its owner only) appears when every byte proved true, or not at all.

    A process killed meanwhile leaves `.NAME.part` beside it, which the next try writes anew.

    Raises:
        EnvelopeRefused: no envelope, for another receiver, altered, cut, or longer than it says.
        EnvelopeNotWritten: a file cannot be read or written.
        SignerUnavailable, KeyRefused: from the key.
    """
    try:
        with in_path.open("rb") as sealed:
            header, tag = read_head(sealed)
            keys = Keys.of(header, _secret(key, header))
            keys.check(header, tag)
            body = sealed.tell()
            due = body + header.size + header.chunks * _TAG_LENGTH
            if (there := sealed.seek(0, 2)) != due:
                raise _altered(f"an envelope has {there} bytes and not the {due} it says")
            sealed.seek(body)
            with written_beside(out_path, 0o600) as out:
                return _write(out, header, (), _opened(header, keys, sealed))
    except OSError as error:
        raise _not_written(error, out_path) from None


def peek(path: Path) -> Header:
    """What an envelope says of itself. Nothing of it is proved before it is opened.

    Raises:
        EnvelopeRefused: no envelope.
        EnvelopeNotWritten: the file cannot be read.
    """
    try:
        with path.open("rb") as sealed:
            return read_head(sealed)[0]
    except OSError as error:
        raise _not_written(error, path) from None


def _secret(key: Decrypter, header: Header) -> bytes:
    if header.receiver != sm3_hex(key.certificate) or header.suite.wrapping is not key.wrapping:
        raise EnvelopeRefused(
            EnvelopeFault.RECEIVER,
            f"the envelope of transfer {header.transfer} is for another certificate than ours; nothing was opened. If "
            "our certificate changed, open it with the earlier key, or have it sealed anew.",
        )
    try:
        return key.unwrap(header.wrapped)
    except CiphertextRefused:
        raise _altered("the key in an envelope does not open") from None


def _write(out: BinaryIO, header: Header, before: tuple[bytes, ...], chunks: Iterator[bytes]) -> Written:
    digest, size = Hash(SM3()), 0
    for parts in (before, chunks):
        for part in parts:
            out.write(part)
            digest.update(part)
            size += len(part)
    return Written(header, size, digest.finalize().hex())


def _sealed(header: Header, keys: Keys, plain: BinaryIO) -> Iterator[bytes]:
    for number, length in _lengths(header):
        piece = plain.read(length)
        if len(piece) != length:
            raise _changed(header)
        cipher = _cipher(header, keys, number).encryptor()
        yield cipher.update(piece) + cipher.finalize() + cipher.tag
    if plain.read(1):
        raise _changed(header)


def _opened(header: Header, keys: Keys, sealed: BinaryIO) -> Iterator[bytes]:
    for number, length in _lengths(header):
        piece, tag = sealed.read(length), sealed.read(_TAG_LENGTH)
        cipher = _cipher(header, keys, number).decryptor()
        plain = cipher.update(piece)
        try:
            cipher.finalize_with_tag(tag)
        except (InvalidTag, ValueError):  # ValueError: a file that became shorter meanwhile
            raise _altered(f"chunk {number + 1} of {header.chunks} in an envelope was altered") from None
        yield plain


def _lengths(header: Header) -> Iterator[tuple[int, int]]:
    """Number and bytes of plaintext of each chunk."""
    for number in range(header.chunks):
        yield number, min(header.chunk, header.size - number * header.chunk)


def _cipher(header: Header, keys: Keys, number: int) -> Cipher[modes.GCM]:
    nonce = number.to_bytes(11, "big") + bytes((number == header.chunks - 1,))
    algorithm = algorithms.SM4 if header.suite is Suite.SM else algorithms.AES
    return Cipher(algorithm(keys.payload), modes.GCM(nonce))


def _altered(what: str) -> EnvelopeRefused:
    return EnvelopeRefused(EnvelopeFault.ALTERED, f"{what}; nothing was opened. Have it sent anew.")


def _changed(header: Header) -> PlaintextChanged:
    return PlaintextChanged(
        f"the file of transfer {header.transfer} changed its size while it was sealed; no envelope was made. Seal it "
        "again when nobody writes to it."
    )


def _not_written(error: OSError, path: Path) -> EnvelopeNotWritten:
    return EnvelopeNotWritten(
        f"{error.filename or path} cannot be read or written ({error.strerror}); there is no {path.name}. Make room or "
        "give the right, and try again."
    )

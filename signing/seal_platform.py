"""A seal whose key lies on a unified seal platform 统一印章平台: the hub hands over a digest, gets an SES_Signature.

How the platform is spoken to stands in `signing.platform_client`.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

from signing import der, oids
from signing.certificates import Certificate
from signing.der import Tag
from signing.errors import CertificateRefused, DerRefused, PlatformAnsweredWrong, SealRefused, SignatureInvalid
from signing.platform_client import PlatformClient
from signing.port import Algorithm
from signing.seal.making import Timestamp
from signing.seal.parts import Seal, SealSignature


class SealPlatform:
    """A `Sealer` over HTTPS: every SES_Signature that comes back is checked before it is handed on."""

    def __init__(
        self,
        client: PlatformClient,
        seal_id: str,
        *,
        registered: Seal | None = None,
        timestamp: Timestamp | None = None,
        tolerance: timedelta = timedelta(minutes=5),
    ) -> None:
        """Fetches the seal and its signer's certificate.

        Args:
            registered: the seal as it stands in the hub's register; the platform's must be that one.
            timestamp: asked for a token over every signature value that came without one; what it raises passes
                through.
            tolerance: how far the time in a signature may be from the one asked for.

        Raises:
            SignerUnavailable, KeyRefused: from the platform.
            PlatformAnsweredWrong: another seal, or a certificate that the seal does not list.
        """
        self._client, self._id, self._tolerance, self._timestamp = client, seal_id, tolerance, timestamp
        seal, certificate = client.get(f"/seals/{_word(seal_id)}", "seal", "certificate")
        try:
            self._seal, signer = Seal.read(seal), Certificate.read(certificate)
        except (DerRefused, SealRefused, CertificateRefused) as error:
            raise self._wrong(f"a seal or certificate that cannot be read: {error.message}") from None
        if registered is not None and registered.raw != seal:
            raise self._wrong("another seal than the registered one; register the new one first")
        if not self._seal.allows(certificate):
            raise self._wrong("a certificate that the seal does not list")
        self._signer = signer

    def __repr__(self) -> str:
        return f"SealPlatform({self._client.host}, {self._id})"

    @classmethod
    def open(
        cls,
        url: str,
        seal_id: str,
        *,
        key_id: str,
        secret_file: Path,
        ca_file: Path,
        registered: Seal | None = None,
        timestamp: Timestamp | None = None,
    ) -> SealPlatform:
        """With the usual time limits. Raises as `PlatformClient` and `SealPlatform` do."""
        client = PlatformClient(url, key_id=key_id, secret_file=secret_file, ca_file=ca_file)
        return cls(client, seal_id, registered=registered, timestamp=timestamp)

    @property
    def seal(self) -> Seal:
        """The seal it uses."""
        return self._seal

    @property
    def certificate(self) -> bytes:
        """The signer's certificate (DER)."""
        return self._signer.raw

    def sign(self, data_hash: bytes, property_info: str, at: datetime) -> bytes:
        """See `Sealer.sign`; the platform writes its own time.

        Raises:
            SignerUnavailable: no answer; the same call may be repeated.
            KeyRefused: the platform does not allow it.
            PlatformAnsweredWrong: what came back is not the signature asked for.
        """
        content = {
            "dataHash": base64.b64encode(data_hash).decode(),
            "propertyInfo": property_info,
            "time": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        (raw,) = self._client.post(f"/seals/{_word(self._id)}/signatures", content, "signature")
        try:
            made = SealSignature.read(raw)
        except (DerRefused, SealRefused) as error:
            raise self._wrong(f"no seal signature: {error.message}") from None
        self._check(made, data_hash, property_info, at)
        return raw if self._timestamp is None or made.timestamp is not None else _stamped(raw, made, self._timestamp)

    def _check(self, made: SealSignature, data_hash: bytes, property_info: str, at: datetime) -> None:
        if made.seal.raw != self._seal.raw:
            raise self._wrong("a signature with another seal")
        if made.data_hash != data_hash:
            raise self._wrong("a signature over another digest")
        if made.property_info != property_info:
            raise self._wrong("a signature for another file of the package")
        if made.certificate != self._signer.raw:
            # the seal may list several; the one announced is the one the hub registered
            raise self._wrong("a signature by another certificate")
        if abs(made.time - at) > self._tolerance:
            raise self._wrong(
                f"a signature of {made.time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}, more than "
                f"{self._tolerance.total_seconds():.0f} s from the time asked for; compare the clocks"
            )
        if made.algorithm not in (oids.SM2_WITH_SM3, oids.SM2_SIGN):
            raise self._wrong("a signature by another algorithm than SM2 with SM3")
        try:
            self._signer.key.verify(made.signed, made.signature)
        except SignatureInvalid:
            raise self._wrong("a signature that does not verify") from None

    def _wrong(self, what: str) -> PlatformAnsweredWrong:
        return PlatformAnsweredWrong(
            f"the seal platform {self._client.host} gave for seal {self._id} {what}. It was not used. "
            "Ask its operator before anything is sealed with it."
        )


class RemoteKey:
    """A `Signer` on the same platform: the digest goes there, r and s come back and are verified."""

    def __init__(self, client: PlatformClient, key_id: str, certificate: bytes) -> None:
        """`certificate` (DER) is the key's. Raises CertificateRefused when it is no SM2 certificate."""
        self._client, self._id = client, key_id
        self._certificate = Certificate.read(certificate)

    @property
    def algorithm(self) -> Algorithm:
        """SM2 with SM3."""
        return Algorithm.SM2_SM3

    @property
    def certificate(self) -> bytes:
        """The key's certificate, DER."""
        return self._certificate.raw

    def sign_digest(self, digest: bytes) -> bytes:
        """See `Signer.sign_digest`. Raises PlatformAnsweredWrong for a signature that does not verify."""
        path, content = f"/keys/{_word(self._id)}/signatures", {"digest": base64.b64encode(digest).decode()}
        (signature,) = self._client.post(path, content, "signature")
        try:
            self._certificate.key.verify_digest(digest, signature)
        except SignatureInvalid:
            raise PlatformAnsweredWrong(
                f"the seal platform {self._client.host} gave for key {self._id} a signature that does not verify. "
                "It was not used. Ask its operator before anything is signed with it."
            ) from None
        return signature


def _stamped(raw: bytes, made: SealSignature, timestamp: Timestamp) -> bytes:
    """The SES_Signature with a token over its value; as it is when there is no token and that is the house's rule."""
    token = timestamp(made.signature)
    if token is None:
        return raw
    parts = [one.raw for one in der.read(raw, "seal signature").children("seal signature")]
    return der.sequence(*parts, der.wrap(Tag.CONTEXT_0, der.bits(token)))


def _word(name: str) -> str:
    """An ID as part of a path. Raises ValueError for anything that is not letters, digits, `-`, `_` or `.`."""
    if not name or name.startswith(".") or not all(one.isascii() and (one.isalnum() or one in "-_.") for one in name):
        raise ValueError("a seal or key ID on a platform consists of ASCII letters, digits, '-', '_' and '.'")
    return name

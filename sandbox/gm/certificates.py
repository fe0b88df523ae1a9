"""Certificates and keys of the simulated authorities, kept as PEM and as numbers below the state folder."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asn1crypto import core, keys, pem, x509

from sandbox.gm.sm2 import Key, sm3

SM2_WITH_SM3 = "1.2.156.10197.1.501"
SM3 = "1.2.156.10197.1.401"
_CURVE = "1.2.156.10197.1.301"
_YEARS = 10


@dataclass(frozen=True, slots=True)
class Holder:
    """A key and its certificate."""

    key: Key
    certificate: x509.Certificate = field(repr=False)

    @property
    def der(self) -> bytes:
        """The certificate."""
        return bytes(self.certificate.dump())

    def sign(self, message: bytes) -> bytes:
        """The DER signature over a message."""
        return self.key.sign(message)


def issue(
    name: str,
    by: Holder | None,
    usage: set[str],
    extended: str | None = None,
    unit: str = "",
    *,
    begins: datetime | None = None,
    days: int = 365 * _YEARS,
) -> Holder:
    """A new key with a certificate from `by`, or a root where that is None. `extended` is a critical purpose.

    Args:
        begins: ten minutes after its first moment, now by default; `days`: how long it is valid from then.
    """
    key = Key.generate()
    subject = x509.Name.build(
        {"country_name": "CN", "organization_name": unit or "模拟机构（测试）", "common_name": name}
    )
    issuer_point = (by.key if by else key).public
    now = (begins or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    extensions = [
        {"extn_id": "basic_constraints", "critical": True, "extn_value": x509.BasicConstraints({"ca": by is None})},
        {"extn_id": "key_usage", "critical": True, "extn_value": usage},
        {"extn_id": "key_identifier", "extn_value": core.OctetString(sm3(key.public)[:20])},
        {"extn_id": "authority_key_identifier", "extn_value": {"key_identifier": sm3(issuer_point)[:20]}},
    ]
    if extended is not None:
        extensions.append({"extn_id": "extended_key_usage", "critical": True, "extn_value": [extended]})
    algorithm = {"algorithm": SM2_WITH_SM3}
    body = x509.TbsCertificate(
        {
            "version": "v3",
            "serial_number": secrets.randbits(126) | 1 << 126,
            "signature": algorithm,
            "issuer": by.certificate.subject if by else subject,
            "validity": {
                "not_before": x509.Time({"utc_time": now - timedelta(minutes=10)}),
                "not_after": x509.Time({"utc_time": now + timedelta(days=days)}),
            },
            "subject": subject,
            "subject_public_key_info": {
                "algorithm": {"algorithm": "ec", "parameters": keys.ECDomainParameters(("named", _CURVE))},
                "public_key": keys.ECPointBitString(key.public),
            },
            "extensions": extensions,
        }
    )
    signature = (by.key if by else key).sign(body.dump())
    made = x509.Certificate({"tbs_certificate": body, "signature_algorithm": algorithm, "signature_value": signature})
    return Holder(key, x509.Certificate.load(made.dump()))


def as_pem(certificate: bytes) -> bytes:
    """A DER certificate as PEM."""
    return bytes(pem.armor("CERTIFICATE", certificate))


def write(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Put `data` at `path` at once or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(data)
    draft.replace(path)


def store(folder: Path, name: str, holder: Holder) -> None:
    """Keep a holder: `<name>.pem` and `<name>.key`, the key's number in hexadecimal (0600)."""
    write(folder / f"{name}.key", f"{holder.key.secret:064x}\n".encode(), 0o600)
    write(folder / f"{name}.pem", as_pem(holder.der))


def load(folder: Path, name: str) -> Holder:
    """The holder that `store` kept."""
    secret = int((folder / f"{name}.key").read_text(), 16)
    der = pem.unarmor((folder / f"{name}.pem").read_bytes())[2]
    return Holder(Key.of(secret), x509.Certificate.load(der))

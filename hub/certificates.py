"""Certificates as people read them: whose, for what, until when; and which of this installation's end soon."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from core.clock import Clock, SystemClock, second_text
from core.errors import Rejected
from core.settings import Settings
from hub.trust import ders_in, is_sm2
from signing import oids
from signing.certificates import Certificate, Usage
from signing.errors import CertificateFault, CertificateRefused

if TYPE_CHECKING:
    from cryptography import x509

#: A certificate that ends within so many days is to be renewed now.
SOON_DAYS = 30
_PEM_MARK = b"-----BEGIN CERTIFICATE-----"
_SUFFIXES = (".pem", ".crt", ".cer")
#: No certificate file is larger; a folder of keys holds other things too.
_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What a certificate says of itself. `days_left` is negative once it has ended; `purpose` is in plain words."""

    subject: str
    organisation: str
    serial: str
    algorithm: str
    purpose: str
    valid_from: datetime
    valid_to: datetime
    days_left: int

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "subject": self.subject,
            "organisation": self.organisation,
            "serial": self.serial,
            "algorithm": self.algorithm,
            "purpose": self.purpose,
            "valid_from": second_text(self.valid_from),
            "valid_to": second_text(self.valid_to),
            "days_left": self.days_left,
        }


@dataclass(frozen=True, slots=True)
class CertificateFile:
    """A certificate in a file of the keys folder, and in how many others (`copies`).

    `facts` is None and `trouble` told when it cannot be read.
    """

    path: str
    facts: CertificateFacts | None
    trouble: str = ""
    copies: int = 0

    @property
    def ends_soon(self) -> bool:
        """Whether it has ended or ends within a month."""
        return self.facts is not None and self.facts.days_left < SOON_DAYS

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        told = self.facts.to_dict() if self.facts is not None else {}
        more = {"copies": self.copies, "ends_soon": self.ends_soon, "trouble": self.trouble}
        return {"file": self.path, **told, **more}


def certificates_of(settings: Settings, clock: Clock | None = None) -> list[CertificateFile]:
    """Every certificate in the keys folder and the folders below it, the one that ends first before the others."""
    now = (clock or SystemClock()).now()
    found: dict[bytes, list[str]] = {}
    for path in sorted(settings.keys.rglob("*"), key=lambda one: (len(one.parts), one)):
        if path.suffix.lower() not in _SUFFIXES or not path.is_file() or path.stat().st_size > _LARGEST:
            continue
        data = path.read_bytes()
        if _PEM_MARK in data or data.startswith(b"\x30"):
            for one in _certificates_in(data):
                found.setdefault(one, []).append(str(path.relative_to(settings.keys)))
    read = [_file(raw, paths, now) for raw, paths in found.items()]
    return sorted(read, key=lambda one: (one.facts is not None, one.facts.valid_to if one.facts else now, one.path))


def _certificates_in(data: bytes) -> list[bytes]:
    try:
        return ders_in(data)
    except CertificateRefused:
        return [data]


def _file(raw: bytes, paths: list[str], now: datetime) -> CertificateFile:
    first, *copies = paths
    try:
        return CertificateFile(first, facts_of(raw, now), copies=len(copies))
    except Rejected as error:
        return CertificateFile(first, None, error.message, len(copies))


def facts_of(raw: bytes, now: datetime) -> CertificateFacts:
    """What a certificate (DER) says, with an SM2 key or another.

    Raises:
        CertificateRefused: it cannot be read.
    """
    return _sm2_facts(raw, now) if is_sm2(raw) else _other_facts(raw, now)


def _sm2_facts(raw: bytes, now: datetime) -> CertificateFacts:
    read = Certificate.read(raw)
    extended = read.extended_usage or frozenset()
    return CertificateFacts(
        subject=read.common_name,
        organisation=read.organisation,
        serial=f"{read.serial:x}",
        algorithm="SM2",
        purpose=_purpose(
            read.is_authority,
            read.self_issued,
            extended,
            encrypts=read.usage is not None
            and Usage.KEY_ENCIPHERMENT in read.usage
            and Usage.DIGITAL_SIGNATURE not in read.usage,
        ),
        valid_from=read.not_before,
        valid_to=read.not_after,
        days_left=(read.not_after - now).days,
    )


def _other_facts(raw: bytes, now: datetime) -> CertificateFacts:
    # Imported for PDF certificates only: a hub that has none does not pay for it.
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    try:
        read = x509.load_der_x509_certificate(raw)
        key = read.public_key()
        algorithm = f"RSA {key.key_size}" if isinstance(key, rsa.RSAPublicKey) else type(key).__name__
        if isinstance(key, ec.EllipticCurvePublicKey):
            algorithm = "P-256" if isinstance(key.curve, ec.SECP256R1) else key.curve.name
        constraints = _extension(read, x509.BasicConstraints)
        purposes = _extension(read, x509.ExtendedKeyUsage)
        usage = _extension(read, x509.KeyUsage)
        return CertificateFacts(
            subject=_name_part(read.subject, x509.NameOID.COMMON_NAME),
            organisation=_name_part(read.subject, x509.NameOID.ORGANIZATION_NAME),
            serial=f"{read.serial_number:x}",
            algorithm=algorithm,
            purpose=_purpose(
                constraints is not None and constraints.ca,
                read.subject == read.issuer,
                frozenset(one.dotted_string for one in purposes or ()),
                encrypts=usage is not None
                and not usage.digital_signature
                and (usage.key_encipherment or usage.key_agreement),
            ),
            valid_from=read.not_valid_before_utc,
            valid_to=read.not_valid_after_utc,
            days_left=(read.not_valid_after_utc - now).days,
        )
    except ValueError:
        raise CertificateRefused(CertificateFault.FORM, "a certificate cannot be read.") from None


def _extension(certificate: x509.Certificate, kind: type[Any]) -> Any:
    from cryptography import x509

    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _name_part(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    found = name.get_attributes_for_oid(oid)
    return str(found[0].value) if found else ""


def _purpose(is_authority: bool, self_issued: bool, extended: frozenset[str], *, encrypts: bool) -> str:
    if is_authority:
        return "root" if self_issued else "intermediate"
    if oids.TIME_STAMPING in extended:
        return "timestamps"
    if oids.OCSP_SIGNING in extended:
        return "OCSP answers"
    return "encryption" if encrypts else "signing"

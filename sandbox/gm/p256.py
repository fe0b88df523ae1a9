"""P-256 certificates of the sandbox's own authorities, and its TLS server's; every name says 测试."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_EARLIER, _DAYS = timedelta(minutes=10), 3650


@dataclass(frozen=True, slots=True, repr=False)
class Holder:
    """A private key and its certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        """The certificate in DER."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def as_pem(self) -> bytes:
        """The certificate in PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The private key in PEM, not encrypted: a sandbox's."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def sign(self, message: bytes) -> bytes:
        """The ECDSA signature over SHA-256 of the message."""
        return self.key.sign(message, ec.ECDSA(SHA256()))


def opened(key_pem: bytes, certificate_pem: bytes) -> Holder:
    """From what was kept."""
    key = load_pem_private_key(key_pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("the kept key is not on a curve")
    return Holder(key, x509.load_pem_x509_certificate(certificate_pem))


def root(common_name: str, organisation: str, *, begins: datetime | None = None) -> Holder:
    """A self-signed authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(common_name, organisation)
    body = _body(name, name, key, begins).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    body = body.add_extension(_usage(signs=False, issues=True), critical=True)
    return Holder(key, body.sign(key, SHA256()))


def timestamper(
    common_name: str, organisation: str, by: Holder, *, begins: datetime | None = None, days: int = _DAYS
) -> Holder:
    """A certificate for timestamps and nothing else (RFC 3161, 2.3)."""
    key = ec.generate_private_key(ec.SECP256R1())
    body = _body(_name(common_name, organisation), by.certificate.subject, key, begins, days)
    body = body.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    body = body.add_extension(_usage(signs=True, issues=False), critical=True)
    body = body.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return Holder(key, body.sign(by.key, SHA256()))


def tls_server(by: Holder) -> Holder:
    """A certificate for an HTTPS server on 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    body = _body(_name("127.0.0.1", "测试印章平台"), by.certificate.subject, key)
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName("localhost")])
    body = body.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    body = body.add_extension(names, critical=False)
    body = body.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return Holder(key, body.sign(by.key, SHA256()))


def _name(common_name: str, organisation: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _body(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    begins: datetime | None = None,
    days: int = _DAYS,
) -> x509.CertificateBuilder:
    now = begins or datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs: bool, issues: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=issues,
        crl_sign=issues,
        encipher_only=False,
        decipher_only=False,
    )

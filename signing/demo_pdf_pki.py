"""The demo's second authority, for PDF: readers outside the OFD world know P-256 and no SM2. All names say 测试."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from signing.demo_files import pair, write_new
from signing.errors import KeyRefused

ROOT, INTERMEDIATE, TSA, SIGNER = "root", "intermediate", "tsa", "signer"
_YEARS = {ROOT: 20, INTERMEDIATE: 15, TSA: 10, SIGNER: 3}
_EARLIER = timedelta(minutes=10)
_ORGANISATION = "一证通办测试机构"
_Name = tuple[str, str]
#: Issuer's certificate and key.
_Issuer = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def make_authority(folder: Path, passphrase: bytes, at: datetime) -> None:
    """Root, intermediate and timestamp authority into an empty folder.

    `root-cert.pem` holds the root followed by the intermediate.
    """
    root = _make(folder, ROOT, ("一证通办测试PDF根证书", _ORGANISATION), at, passphrase, None)
    between = _make(folder, INTERMEDIATE, ("一证通办测试PDF中级证书", _ORGANISATION), at, passphrase, root)
    bundle = b"".join(one[0].public_bytes(Encoding.PEM) for one in (root, between))
    write_new(pair(folder, ROOT)[1], bundle, 0o644)
    for name, title in ((INTERMEDIATE, None), (TSA, "测试PDF时间戳服务")):
        issued = between if title is None else _make(folder, name, (title, _ORGANISATION), at, passphrase, between)
        write_new(pair(folder, name)[1], issued[0].public_bytes(Encoding.PEM), 0o644)


def make_signer(authority: Path, folder: Path, passphrase: bytes, name: _Name, at: datetime) -> None:
    """A bureau's key for PDF into an empty folder; `name` is its common name and organisation.

    Raises:
        KeyRefused: the authority's key does not open.
    """
    certificate = x509.load_pem_x509_certificate(pair(authority, INTERMEDIATE)[1].read_bytes())
    try:
        key = load_pem_private_key(pair(authority, INTERMEDIATE)[0].read_bytes(), passphrase)
    except ValueError:
        raise KeyRefused(
            f"the demo key for PDF in {authority} does not open; the passphrase or the file was changed."
        ) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise KeyRefused(f"the demo key for PDF in {authority} is of another kind; the file was changed.")
    made = _make(folder, SIGNER, name, at, passphrase, (certificate, key))
    write_new(pair(folder, SIGNER)[1], made[0].public_bytes(Encoding.PEM), 0o644)


def _make(folder: Path, role: str, name: _Name, at: datetime, passphrase: bytes, issuer: _Issuer | None) -> _Issuer:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            # RFC 5280, appendix A: ub-organization-name is 64
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, name[1][:64]),
            x509.NameAttribute(NameOID.COMMON_NAME, name[0]),
        ]
    )
    issued_by, issuer_key = (subject, key) if issuer is None else (issuer[0].subject, issuer[1])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issued_by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _EARLIER)
        .not_valid_after(at + timedelta(days=365 * _YEARS[role]))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
        .add_extension(_constraints(role), critical=True)
        .add_extension(_usage(role), critical=True)
    )
    if role == TSA:
        purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(purposes, critical=True)
    certificate = builder.sign(issuer_key, SHA256())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase))
    write_new(pair(folder, role)[0], pem)
    return certificate, key


def _constraints(role: str) -> x509.BasicConstraints:
    authority = role in (ROOT, INTERMEDIATE)
    return x509.BasicConstraints(ca=authority, path_length=0 if role == INTERMEDIATE else None)


def _usage(role: str) -> x509.KeyUsage:
    authority = role in (ROOT, INTERMEDIATE)
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=role == SIGNER,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )

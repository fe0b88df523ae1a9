"""Certificates we make are what OpenSSL and pyca take them for; chains are judged at the time of use."""

from __future__ import annotations

import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from signing import oids
from signing.certificate_making import make_revocation_list
from signing.certificates import Certificate, Usage, as_pem, read_many
from signing.errors import CertificateFault, CertificateRefused, KeyRefused, TrustUnknown
from signing.file_key import FileKey
from signing.trust import Purpose, Trust


def _fault(
    trust: Trust, raw: bytes, at: datetime, purpose: Purpose = Purpose.SIGN, others: tuple[bytes, ...] = ()
) -> str:
    with pytest.raises(CertificateRefused) as caught:
        trust.check(Certificate.read(raw), at, purpose, [Certificate.read(one) for one in others])
    return caught.value.fault


@pytest.fixture(scope="module")
def trust(world):
    return Trust.of([world.root])


def test_the_openssl_command_accepts_root_and_leaf(world, tmp_path: Path) -> None:
    root, leaf = tmp_path / "root.pem", tmp_path / "leaf.pem"
    root.write_bytes(as_pem(world.root))
    leaf.write_bytes(as_pem(world.signer.certificate))
    asked = ["openssl", "verify", "-x509_strict", "-attime", str(int(datetime(2026, 3, 2).timestamp()))]  # noqa: DTZ001
    asked += ["-CAfile", str(root), "-vfyopt", "distid:1234567812345678"]
    assert subprocess.run([*asked, str(root)], capture_output=True, check=False).returncode == 0
    assert subprocess.run([*asked, str(leaf)], capture_output=True, check=False).returncode == 0
    forged = bytearray(world.signer.certificate)
    forged[-1] ^= 1
    leaf.write_bytes(as_pem(bytes(forged)))
    assert subprocess.run([*asked, str(leaf)], capture_output=True, check=False).returncode != 0


def test_pyca_reads_the_same_from_it(world) -> None:
    ours = Certificate.read(world.signer.certificate)
    theirs = x509.load_der_x509_certificate(world.signer.certificate)
    assert theirs.serial_number == ours.serial
    assert theirs.tbs_certificate_bytes == ours.tbs
    assert theirs.signature == ours.signature
    assert theirs.not_valid_after_utc == ours.not_after
    assert theirs.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value == ours.common_name
    usage = theirs.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.digital_signature
    assert usage.value.content_commitment
    assert not usage.value.key_cert_sign
    assert not theirs.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_a_leaf_under_the_root_is_trusted_in_its_time_only(world, trust, sealed_at) -> None:
    raw = world.signer.certificate
    assert [one.raw for one in trust.check(Certificate.read(raw), sealed_at)] == [raw, world.root]
    assert _fault(trust, raw, sealed_at + timedelta(days=366)) == CertificateFault.EXPIRED
    assert _fault(trust, raw, sealed_at - timedelta(days=31)) == CertificateFault.NOT_YET_VALID


def test_without_an_anchor_it_cannot_be_told_and_with_another_it_is_refused(world, authority, sealed_at) -> None:
    certificate = Certificate.read(world.signer.certificate)
    with pytest.raises(TrustUnknown):
        Trust.of([]).check(certificate, sealed_at)
    _, other = authority.issue("别的根", usage=Usage.KEY_CERT_SIGN, is_authority=True)
    assert _fault(Trust.of([other.certificate]), certificate.raw, sealed_at) == CertificateFault.UNTRUSTED


def test_a_certificate_signed_by_someone_else_under_the_roots_name_is_forged(authority, trust, sealed_at) -> None:
    thief, _ = authority.issue("贼")
    _, forged = authority.issue("42011200000001", by_key=thief)
    assert _fault(trust, forged.certificate, sealed_at) == CertificateFault.SIGNATURE


def test_keys_are_for_their_use_only(authority, trust, sealed_at) -> None:
    _, sealing_only = authority.issue("只验", usage=Usage.CRL_SIGN)
    assert _fault(trust, sealing_only.certificate, sealed_at) == CertificateFault.USAGE
    _, signer = authority.issue("签名")
    assert _fault(trust, signer.certificate, sealed_at, Purpose.TIMESTAMP) == CertificateFault.USAGE
    _, stamper = authority.issue("时间戳", extended=(oids.TIME_STAMPING,))
    trust.check(Certificate.read(stamper.certificate), sealed_at, Purpose.TIMESTAMP)
    assert _fault(trust, stamper.certificate, sealed_at) == CertificateFault.USAGE
    # configured as an anchor for timestamps it is still no signer
    assert _fault(Trust.of([stamper.certificate]), stamper.certificate, sealed_at) == CertificateFault.USAGE


def test_an_intermediate_authority_counts_and_a_leaf_that_issues_does_not(authority, trust, sealed_at) -> None:
    key, middle = authority.issue("中级", usage=Usage.KEY_CERT_SIGN, is_authority=True, path_length=0)
    below_key, below = authority.issue("签名", by=middle, by_key=key)
    chain = trust.check(Certificate.read(below.certificate), sealed_at, others=[Certificate.read(middle.certificate)])
    assert len(chain) == 3
    assert _fault(trust, below.certificate, sealed_at) == CertificateFault.UNTRUSTED
    _, forged = authority.issue("冒充", by=below, by_key=below_key)
    others = (middle.certificate, below.certificate)
    assert _fault(trust, forged.certificate, sealed_at, others=others) == CertificateFault.USAGE
    second_key, second = authority.issue("再下级", by=middle, by_key=key, usage=Usage.KEY_CERT_SIGN, is_authority=True)
    _, deep = authority.issue("太深", by=second, by_key=second_key)
    others = (middle.certificate, second.certificate)
    assert _fault(trust, deep.certificate, sealed_at, others=others) == CertificateFault.USAGE


def test_revocation_counts_from_its_date(world, authority, sealed_at, tmp_path: Path) -> None:
    certificate, issuer = Certificate.read(world.signer.certificate), Certificate.read(world.root)

    def listed(day: int) -> bytes:
        return make_revocation_list(
            {certificate.serial: sealed_at + timedelta(days=day), 5: sealed_at},
            authority.root_key,
            issuer,
            number=1,
            this_update=sealed_at + timedelta(days=10),
            next_update=sealed_at + timedelta(days=40),
        )

    assert _fault(Trust.of([world.root], [listed(-1)]), certificate.raw, sealed_at) == CertificateFault.REVOKED
    Trust.of([world.root], [listed(+1)]).check(certificate, sealed_at)
    with pytest.raises(TrustUnknown):
        # asked about a time the list ended before
        Trust.of([world.root], [listed(+300)]).check(
            Certificate.read(world.maker.certificate), sealed_at + timedelta(days=90)
        )
    file = tmp_path / "list.der"
    file.write_bytes(listed(-1))
    shown = subprocess.run(
        ["openssl", "crl", "-inform", "DER", "-in", str(file), "-noout", "-text"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"{certificate.serial:X}" in shown.stdout.replace(":", "")


def test_a_forged_revocation_list_is_no_list(world, authority, sealed_at) -> None:
    thief, _ = authority.issue("贼")
    forged = make_revocation_list(
        {},
        thief,
        Certificate.read(world.root),
        number=1,
        this_update=sealed_at,
        next_update=sealed_at + timedelta(days=9),
    )
    with pytest.raises(TrustUnknown):
        Trust.of([world.root], [forged]).check(Certificate.read(world.signer.certificate), sealed_at)


def test_a_changed_byte_is_never_trusted(world, trust, sealed_at) -> None:
    raw = world.signer.certificate
    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1 << place % 8
        with pytest.raises(CertificateRefused):
            trust.check(Certificate.read(bytes(changed)), sealed_at)


def test_pem_files_hold_one_or_many_or_are_refused(world) -> None:
    both = as_pem(world.root) + b"\nnoise\n" + as_pem(world.signer.certificate)
    assert [one.raw for one in read_many(both)] == [world.root, world.signer.certificate]
    assert read_many(world.root)[0].raw == world.root
    for bad in (b"", b"nothing", b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----"):
        with pytest.raises(CertificateRefused):
            read_many(bad)


def test_a_certificate_of_another_kind_of_key_is_refused(tmp_path: Path) -> None:
    made = tmp_path / "c.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x",
         "-keyout", str(tmp_path / "k"), "-out", str(made)], check=True, capture_output=True,
    )  # fmt: skip
    with pytest.raises(CertificateRefused) as caught:
        read_many(made.read_bytes())
    assert caught.value.fault is CertificateFault.ALGORITHM


def test_a_key_file_opens_with_its_certificate_only(world, tmp_path: Path) -> None:
    key, certificate, passphrase = tmp_path / "k", tmp_path / "c", tmp_path / "p"
    key.write_bytes(world.signer_key.encrypted_pem(b"secret"))
    certificate.write_bytes(as_pem(world.signer.certificate))
    passphrase.write_bytes(b"secret\n")
    signer = FileKey.open(key, certificate, passphrase)
    assert signer.certificate == world.signer.certificate
    certificate.write_bytes(as_pem(world.maker.certificate))
    with pytest.raises(KeyRefused):
        FileKey.open(key, certificate, passphrase)
    with pytest.raises(KeyRefused) as caught:
        FileKey.open(tmp_path / "absent", certificate, passphrase)
    assert "secret" not in str(caught.value)

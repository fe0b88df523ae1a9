"""The demo's keys: whole or not at all, the same on a second call, and saying 测试 everywhere."""

from __future__ import annotations

import shutil
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from core.verdict import Verdict
from signing import oids
from signing.certificate_making import Wish, make_certificate
from signing.certificates import Certificate, Usage, as_pem, read_many
from signing.demo_pki import Bureau, open_encryption_key, open_keys, prepare, says_test
from signing.envelope import open_with, seal_to
from signing.errors import CertificateFault, CertificateRefused, DemoKeysBroken, KeyRefused
from signing.ofd.seal import Stamp, seal
from signing.ofd.verify import verify
from signing.port import Algorithm
from signing.report import Expectation
from signing.revocation.known import RevocationState
from signing.seal.port import LocalSealer
from signing.sm2 import PrivateKey
from signing.trust import Purpose, Trust

NOW = datetime(2026, 3, 2, tzinfo=UTC)
BUREAU = Bureau("武汉市东西湖区行政审批局（测试）", "11420112MB0000000M", "42011200000001")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("keys") / "demo"
    prepare(made, BUREAU, NOW)
    return made


def test_what_it_makes_seals_a_document_that_is_valid(folder: Path, ofd) -> None:
    keys = open_keys(folder)
    sealed = seal(ofd(), LocalSealer(keys.seal, keys.signer), stamps=[Stamp(0, 10, 10, 42, 42)], at=NOW)
    expected = Expectation(BUREAU.credit_code, BUREAU.es_id, 1)
    report = verify(sealed.to_bytes(), trust=[keys.root], at=NOW, expect=expected)
    assert report.verdict is Verdict.VALID, report.lines()


def test_a_second_call_changes_nothing(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    prepare(folder, BUREAU, datetime(2027, 1, 1, tzinfo=UTC))
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_secrets_are_encrypted_and_for_their_owner_only(folder: Path) -> None:
    secret = [*folder.rglob("*-key.pem"), folder / "passphrase"]
    # root, intermediate, maker, tsa, responder, signer, log and encryption; root, intermediate, tsa and signer for PDF;
    # passphrase
    assert len(secret) == 13
    for path in secret:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for path in folder.rglob("*-key.pem"):
        assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")


def test_everything_says_that_it_is_a_test(folder: Path) -> None:
    keys = open_keys(folder)
    assert says_test(keys.seal)
    assert "测试" in keys.seal.name
    assert keys.ocsp is not None
    made = [keys.signer.certificate, keys.tsa.certificate, keys.ocsp.certificate, keys.seal.maker_certificate]
    for certificate in (*map(Certificate.read, made), *read_many(keys.root)):
        assert "测试" in certificate.common_name + certificate.organisation
    for_pdf = [x509.load_der_x509_certificate(one.certificate) for one in (keys.pdf_signer, keys.pdf_tsa)]
    for one in (*for_pdf, *x509.load_pem_x509_certificates(keys.pdf_root)):
        assert "测试" in one.subject.rfc4514_string()


def test_the_encryption_certificate_takes_envelopes_and_signs_nothing(folder: Path, tmp_path: Path) -> None:
    key = open_encryption_key(folder)
    certificate = Certificate.read(key.certificate)
    assert certificate.usage == Usage.KEY_ENCIPHERMENT | Usage.DATA_ENCIPHERMENT | Usage.KEY_AGREEMENT
    assert "测试" in certificate.common_name
    assert certificate.organisation == Certificate.read(open_keys(folder).signer.certificate).organisation
    (tmp_path / "plain").write_bytes(b"x")
    seal_to(key.certificate, tmp_path / "plain", tmp_path / "sealed", transfer="T-1", at=NOW)
    open_with(key, tmp_path / "sealed", tmp_path / "opened")
    assert (tmp_path / "opened").read_bytes() == b"x"


def test_the_signers_names_are_those_of_a_government_seal(folder: Path) -> None:
    signer = Certificate.read(open_keys(folder).signer.certificate)
    assert signer.common_name == BUREAU.es_id
    assert signer.organisation.startswith(BUREAU.credit_code)


def test_a_renamed_bureau_gets_a_second_seal_under_the_same_authority(folder: Path) -> None:
    renamed = Bureau("武汉市东西湖区政务服务局（测试）", BUREAU.credit_code, "42011200000002")
    new, old = prepare(folder, renamed, NOW, "seal-2"), open_keys(folder)
    assert new.root == old.root
    assert new.seal.es_id != old.seal.es_id
    assert new.signer.certificate != old.signer.certificate


def test_a_folder_that_lacks_a_part_is_not_repaired_by_guessing(tmp_path: Path) -> None:
    prepare(tmp_path / "demo", BUREAU, NOW)
    (tmp_path / "demo" / "root-cert.pem").unlink()
    with pytest.raises(DemoKeysBroken):
        prepare(tmp_path / "demo", BUREAU, NOW)
    prepare(tmp_path / "other", BUREAU, NOW)
    (tmp_path / "other" / "passphrase").write_bytes(b"changed")
    with pytest.raises(KeyRefused):
        prepare(tmp_path / "other", BUREAU, NOW)


def test_many_who_begin_at_once_get_the_same_keys(tmp_path: Path) -> None:
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda _: prepare(tmp_path / "demo", BUREAU, NOW), range(6)))
    assert len({one.root for one in made}) == 1
    assert len({one.seal.raw for one in made}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


def test_whoever_has_the_root_file_has_the_whole_chain(folder: Path) -> None:
    keys = open_keys(folder)
    root, between = read_many((folder / "root-cert.pem").read_bytes())
    assert root.self_issued
    assert between.raw == keys.intermediate == read_many((folder / "intermediate-cert.pem").read_bytes())[0].raw
    assert between.path_length == 0
    trust = Trust.of([keys.root], keys.lists)
    for raw, purpose in ((keys.signer.certificate, Purpose.SIGN), (keys.tsa.certificate, Purpose.TIMESTAMP)):
        chain = trust.check(Certificate.read(raw), NOW, purpose)
        assert [one.raw for one in chain] == [raw, between.raw, root.raw]
        assert [one.state for one in chain.revocation] == [RevocationState.GOOD, RevocationState.GOOD]


def test_the_responders_key_answers_and_does_not_seal(folder: Path) -> None:
    keys = open_keys(folder)
    assert keys.ocsp is not None
    responder = Certificate.read(keys.ocsp.certificate)
    assert responder.extended_usage == {oids.OCSP_SIGNING}
    assert responder.no_check
    with pytest.raises(CertificateRefused) as caught:
        Trust.of([keys.root]).check(responder, NOW)
    assert caught.value.fault is CertificateFault.USAGE


def test_the_chain_for_pdf_is_one_that_openssl_accepts(folder: Path, tmp_path: Path) -> None:
    keys = open_keys(folder)
    root, between = x509.load_pem_x509_certificates(keys.pdf_root)
    bundle, leaf = tmp_path / "bundle.pem", tmp_path / "leaf.pem"
    bundle.write_bytes(keys.pdf_root)
    for signer, purpose in ((keys.pdf_signer, "any"), (keys.pdf_tsa, "timestampsign")):
        assert signer.algorithm is Algorithm.ECDSA_SHA256
        leaf.write_bytes(as_pem(signer.certificate))
        asked = ["openssl", "verify", "-x509_strict", "-attime", str(int(NOW.timestamp())), "-purpose", purpose]
        done = subprocess.run([*asked, "-CAfile", str(bundle), str(leaf)], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        x509.load_der_x509_certificate(signer.certificate).verify_directly_issued_by(between)
    between.verify_directly_issued_by(root)


def _earlier_version(folder: Path) -> None:
    """The folder as it was made before there was an intermediate: the root issued everything."""
    prepare(folder, BUREAU, NOW)
    for path in (*folder.glob("pdf*"), *folder.glob("*.crl"), *folder.glob("intermediate-*"), *folder.glob("ocsp-*")):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.rmtree(folder / "seal")
    passphrase = (folder / "passphrase").read_bytes().strip()
    root_key = PrivateKey.load((folder / "root-key.pem").read_bytes(), passphrase)
    root = read_many((folder / "root-cert.pem").read_bytes())[0]
    (folder / "root-cert.pem").write_bytes(as_pem(root.raw))
    for name, extended in (("maker", ()), ("tsa", (oids.TIME_STAMPING,))):
        key = PrivateKey.load((folder / f"{name}-key.pem").read_bytes(), passphrase)
        wish = Wish(
            name=((oids.COUNTRY, "CN"), (oids.COMMON_NAME, f"测试{name}")),
            serial=len(name),
            not_before=NOW - timedelta(days=1),
            not_after=NOW + timedelta(days=999),
            usage=Usage.DIGITAL_SIGNATURE,
            extended=extended,
        )
        (folder / f"{name}-cert.pem").write_bytes(as_pem(make_certificate(wish, key.point, root_key, root)))


def test_a_folder_of_an_earlier_version_is_used_as_it_is_and_gets_what_pdf_needs(tmp_path: Path, ofd) -> None:
    folder = tmp_path / "demo"
    _earlier_version(folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    keys = prepare(folder, BUREAU, NOW)
    assert {path: path.read_bytes() for path in before} == before
    assert keys.intermediate is None
    assert keys.ocsp is None
    assert keys.lists == ()
    sealed = seal(ofd(), LocalSealer(keys.seal, keys.signer), stamps=[Stamp(0, 10, 10, 42, 42)], at=NOW)
    assert verify(sealed.to_bytes(), trust=[keys.root], at=NOW).verdict is Verdict.VALID
    assert Certificate.read(keys.signer.certificate).issuer == read_many(keys.root)[0].subject
    said = x509.load_der_x509_certificate(open_keys(folder).pdf_signer.certificate)
    assert BUREAU.credit_code in said.subject.rfc4514_string()
    assert len(x509.load_pem_x509_certificates(keys.pdf_root)) == 2


def test_keys_for_pdf_that_are_not_there_yet_are_missed_when_they_are_needed_only(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    prepare(folder, BUREAU, NOW)
    shutil.rmtree(folder / "pdf")
    (folder / "pdf-root-cert.pem").unlink()
    keys = open_keys(folder)
    for read in (lambda: keys.pdf_tsa, lambda: keys.pdf_root):
        with pytest.raises(DemoKeysBroken):
            read()

"""The demo's keys: whole or not at all, the same on a second call, and saying 测试 everywhere."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.verdict import Verdict
from signing.certificates import Certificate
from signing.demo_pki import Bureau, open_keys, prepare, says_test
from signing.errors import DemoKeysBroken, KeyRefused
from signing.ofd.seal import Stamp, seal
from signing.ofd.verify import verify
from signing.report import Expectation
from signing.seal.port import LocalSealer

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
    assert len(secret) == 5
    for path in secret:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for path in folder.rglob("*-key.pem"):
        assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")


def test_everything_says_that_it_is_a_test(folder: Path) -> None:
    keys = open_keys(folder)
    assert says_test(keys.seal)
    assert "测试" in keys.seal.name
    for raw in (keys.root, keys.signer.certificate, keys.tsa.certificate, keys.seal.maker_certificate):
        certificate = Certificate.read(raw)
        assert "测试" in certificate.common_name + certificate.organisation


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

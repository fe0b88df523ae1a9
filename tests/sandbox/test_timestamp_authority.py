"""The simulated timestamp authority before the `openssl` command, pyHanko's parser of messages, and our verifier."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from asn1crypto import cms, tsp

from core.digest import sm3
from sandbox import tsa
from signing import oids
from signing.certificates import read_many
from signing.errors import SignatureInvalid
from signing.timestamp import Token
from signing.timestamp_checking import check_token
from signing.timestamp_messages import TimestampRequest, token_of
from signing.trust import Purpose, Trust

HEADERS = {"Content-Type": "application/timestamp-query"}
DIGEST = hashlib.sha256(b"stamped").digest()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[tsa.TimestampServer, tsa.Keys]]:
    kept = tsa.keys(tmp_path_factory.mktemp("tsa"))
    running = tsa.TimestampServer()
    running.serve(kept)
    yield running, kept
    running.stop()


def _ask(url: str, request: TimestampRequest) -> bytes:
    answer = requests.post(url, data=request.to_der(), headers=HEADERS, timeout=5)
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/timestamp-reply"
    return answer.content


def test_a_p256_token_satisfies_the_openssl_command(
    server: tuple[tsa.TimestampServer, tsa.Keys], tmp_path: Path
) -> None:
    query = ["openssl", "ts", "-query", "-digest", DIGEST.hex(), "-sha256", "-cert", "-out", "q"]
    subprocess.run(query, cwd=tmp_path, check=True, capture_output=True)
    answer = requests.post(server[0].url, data=(tmp_path / "q").read_bytes(), headers=HEADERS, timeout=5)
    (tmp_path / "a").write_bytes(answer.content)
    root = server[1].described()["trust_file_p256"]
    for digest, told in ((DIGEST, "Verification: OK"), (bytes(32), "Verification: FAILED")):
        done = subprocess.run(
            ["openssl", "ts", "-verify", "-in", "a", "-CAfile", root, "-digest", digest.hex()],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert told in done.stdout + done.stderr
    done = subprocess.run(
        ["openssl", "ts", "-verify", "-in", "a", "-CAfile", root, "-queryfile", "q"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Verification: OK" in done.stdout + done.stderr


def test_a_sm2_token_satisfies_our_verifier_up_to_its_root(server: tuple[tsa.TimestampServer, tsa.Keys]) -> None:
    where = server[1].described()
    answer = _ask(server[0].url, TimestampRequest(sm3(b"value"), oids.SM3, nonce=7))
    token = Token.check(answer, b"value")
    trust = Trust.of([Path(where["trust_file"]).read_bytes()])
    trust.check(token.signed.signer, token.time, Purpose.TIMESTAMP)
    assert token.signed.signer.raw == read_many(Path(where["certificate_file"]).read_bytes())[0].raw
    assert abs((token.time - datetime.now(UTC)).total_seconds()) < 10
    with pytest.raises(SignatureInvalid):
        Token.check(answer, b"other")


def test_the_openssl_command_verifies_the_sm2_signatures(
    server: tuple[tsa.TimestampServer, tsa.Keys], tmp_path: Path
) -> None:
    """The token's with `pkeyutl`; the certificate's with `verify`, which does know the user ID's option."""
    where = server[1].described()
    token = token_of(_ask(server[0].url, TimestampRequest(sm3(b"value"), oids.SM3)))
    signer = cms.ContentInfo.load(token)["content"]["signer_infos"][0]
    (tmp_path / "signed").write_bytes(signer["signed_attrs"].untag().dump())
    (tmp_path / "signature").write_bytes(signer["signature"].native)
    done = subprocess.run(
        ["openssl", "pkeyutl", "-verify", "-certin", "-inkey", where["certificate_file"], "-rawin", "-digest", "sm3",
         "-pkeyopt", "distid:1234567812345678", "-in", "signed", "-sigfile", "signature"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Verified Successfully" in done.stdout
    done = subprocess.run(
        ["openssl", "verify", "-vfyopt", "distid:1234567812345678", "-CAfile", where["trust_file"], "-purpose",
         "timestampsign", where["certificate_file"]],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ": OK" in done.stdout, done.stderr


def test_nonce_policy_and_certificate_come_back(server: tuple[tsa.TimestampServer, tsa.Keys]) -> None:
    for imprint, oid in ((sm3(b"x"), oids.SM3), (DIGEST, oids.SHA256)):
        found = check_token(token_of(_ask(server[0].url, TimestampRequest(imprint, oid, nonce=99))))
        assert (found.imprint, found.hash_oid, found.nonce) == (imprint, oid, 99)


def test_what_it_cannot_serve_is_refused_in_the_standards_words(
    server: tuple[tsa.TimestampServer, tsa.Keys],
) -> None:
    url = server[0].url
    sha512 = TimestampRequest(bytes(64), oids.SHA512).to_der()
    for body, reason in ((sha512, "bad_alg"), (b"nonsense", "bad_data_format"), (b"", "bad_data_format")):
        answer = requests.post(url, data=body, headers=HEADERS, timeout=5)
        status = tsp.PKIStatusInfo.load(answer.content[2:])
        assert (status["status"].native, status["fail_info"].native) == ("rejection", {reason})
    assert requests.post(url, data=sha512, timeout=5).status_code == 415
    assert requests.post(url + "x", data=sha512, headers=HEADERS, timeout=5).status_code == 404


def test_faults_are_ordered_counted_and_taken_back(server: tuple[tsa.TimestampServer, tsa.Keys]) -> None:
    order = f"{server[0].admin_url}/_fault"
    request = TimestampRequest(sm3(b"x"), oids.SM3)
    assert requests.post(order, json={"kind": "500", "times": 2}, timeout=5).json() == {"kind": "500", "times": 2}
    for status in (500, 500, 200):
        assert requests.post(server[0].url, data=request.to_der(), headers=HEADERS, timeout=5).status_code == status
    requests.post(order, json={"kind": "down", "times": 9}, timeout=5)
    with pytest.raises(requests.ConnectionError):
        requests.post(server[0].url, data=request.to_der(), headers=HEADERS, timeout=5)
    requests.post(order, json={"kind": None}, timeout=5)
    _ask(server[0].url, request)
    for bad in ({"kind": "nonsense"}, {"kind": "500", "times": 0}, []):
        assert requests.post(order, json=bad, timeout=5).status_code == 400


def test_its_keys_are_made_once(server: tuple[tsa.TimestampServer, tsa.Keys]) -> None:
    folder = server[1].folder
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    again = tsa.keys(folder)
    assert again.sm2.der == server[1].sm2.der and {p.name: p.read_bytes() for p in folder.iterdir()} == before
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.glob("*.key"))

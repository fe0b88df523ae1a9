"""File keys on P-256 and RSA: what they sign is verified by the `openssl` command."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from signing.ec_key import EcFileKey
from signing.errors import CertificateRefused, KeyRefused
from signing.port import Algorithm, Signer, sign_message


def _openssl(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["openssl", *words], cwd=folder, capture_output=True, text=True, check=True)


@pytest.fixture(scope="module", params=["ec", "rsa"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp(request.param)
    kind = {"ec": ["EC", "ec_paramgen_curve:P-256"], "rsa": ["RSA", "rsa_keygen_bits:2048"]}[request.param]
    _openssl(path, "genpkey", "-algorithm", kind[0], "-pkeyopt", kind[1], "-out", "plain.pem")
    _openssl(path, "pkcs8", "-topk8", "-in", "plain.pem", "-passout", "pass:geheim", "-v2", "aes-256-cbc", "-out", "k")
    _openssl(
        path, "pkcs8", "-topk8", "-in", "plain.pem", "-passout", "pass:geheim", "-v2", "aes-256-cbc", "-outform", "DER",
        "-out", "k.der",
    )  # fmt: skip
    _openssl(path, "req", "-new", "-x509", "-key", "plain.pem", "-subj", "/CN=test", "-days", "30", "-out", "c")
    _openssl(path, "x509", "-in", "c", "-outform", "DER", "-out", "c.der")
    (path / "word").write_text("geheim\r\n")
    return path


def _open(folder: Path, key: str = "k", certificate: str = "c", word: str = "word") -> EcFileKey:
    return EcFileKey.open(folder / key, folder / certificate, folder / word)


@pytest.mark.parametrize(("key_file", "certificate_file"), [("k", "c"), ("k.der", "c.der")])
def test_the_openssl_command_verifies_what_we_sign(
    folder: Path, tmp_path: Path, key_file: str, certificate_file: str
) -> None:
    key: Signer = _open(folder, key_file, certificate_file)
    assert key.algorithm is (Algorithm.RSA_SHA256 if folder.name.startswith("rsa") else Algorithm.ECDSA_SHA256)
    message = "一证通办".encode() * 50
    (tmp_path / "public").write_text(_openssl(folder, "x509", "-in", "c", "-pubkey", "-noout").stdout)
    (tmp_path / "message").write_bytes(message)
    for signature in (sign_message(key, message), key.sign_digest(hashlib.sha256(message).digest())):
        (tmp_path / "signature").write_bytes(signature)
        told = _openssl(tmp_path, "dgst", "-sha256", "-verify", "public", "-signature", "signature", "message")
        assert "Verified OK" in told.stdout


def test_a_digest_of_another_length_is_the_callers_fault(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"digest"):
        _open(folder).sign_digest(b"x")


def test_wrong_words_damage_and_plain_keys_are_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "wrong").write_text("falsch")
    (folder / "empty").write_text("")
    (folder / "damaged").write_bytes((folder / "k.der").read_bytes()[:-3])
    for key, word in (
        ("k", "wrong"), ("k", "empty"), ("damaged", "word"), ("plain.pem", "word"), ("plain.pem", "empty"),
        ("c", "word"), ("k", "absent"), ("absent", "word"),
    ):  # fmt: skip
        with pytest.raises(KeyRefused) as caught:
            _open(folder, key, "c", word)
        assert "geheim" not in str(caught.value) and "falsch" not in str(caught.value)
    (folder / "no-certificate").write_text("nothing")
    with pytest.raises(CertificateRefused):
        _open(folder, "k", "no-certificate")


def test_another_keys_certificate_is_refused(folder: Path, tmp_path: Path) -> None:
    _openssl(tmp_path, "req", "-new", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-keyout", "other", "-subj", "/CN=other", "-days", "30", "-out", "c")  # fmt: skip
    with pytest.raises(KeyRefused, match="another key"):
        EcFileKey.open(folder / "k", tmp_path / "c", folder / "word")


@pytest.mark.parametrize("kind", [["EC", "ec_paramgen_curve:P-384"], ["RSA", "rsa_keygen_bits:1024"]])
def test_other_curves_and_short_rsa_keys_are_refused(tmp_path: Path, kind: list[str]) -> None:
    _openssl(tmp_path, "genpkey", "-algorithm", kind[0], "-pkeyopt", kind[1], "-aes256", "-pass", "pass:x", "-out", "k")
    _openssl(tmp_path, "req", "-new", "-x509", "-key", "k", "-passin", "pass:x", "-subj", "/CN=t", "-out", "c")
    (tmp_path / "word").write_text("x")
    with pytest.raises(KeyRefused, match="neither on P-256 nor RSA of at least 2048"):
        _open(tmp_path)


def test_a_key_shows_nothing_of_itself(folder: Path) -> None:
    assert repr(_open(folder)) in ("EcFileKey(ecdsa-sha256)", "EcFileKey(rsa-sha256)")

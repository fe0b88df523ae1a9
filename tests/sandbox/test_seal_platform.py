"""The simulated seal platform before the `openssl` command and our verifier, and the faults it plays."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from asn1crypto import core
from PIL import Image

from sandbox import seal_platform
from sandbox.gm import sm2
from signing.certificates import Certificate, as_pem
from signing.demo_pki import says_test
from signing.platform_client import PlatformClient
from signing.seal.parts import Seal, SealSignature
from signing.seal_platform import SealPlatform
from signing.sm2 import PublicKey
from signing.trust import Trust

PATH = "/Doc_0/Signs/Sign_0/Signature.xml"
Running = tuple[seal_platform.SealServer, seal_platform.Keys]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    kept = seal_platform.keys(tmp_path_factory.mktemp("platform"))
    running = seal_platform.SealServer()
    running.serve(kept)
    yield running, kept
    running.stop()


@pytest.fixture
def platform(server: Running) -> SealPlatform:
    where = server[1].described()
    return SealPlatform(
        PlatformClient(
            server[0].base_url, key_id="hub", secret_file=Path(where["secret_file"]), ca_file=Path(where["ca_file"])
        ),
        where["seal_id"],
    )


def _openssl_verifies(folder: Path, certificate: bytes, signed: bytes, signature: bytes) -> bool:
    for name, data in (("certificate", as_pem(certificate)), ("signed", signed), ("signature", signature)):
        (folder / name).write_bytes(data)
    done = subprocess.run(
        ["openssl", "pkeyutl", "-verify", "-certin", "-inkey", "certificate", "-rawin", "-digest", "sm3",
         "-pkeyopt", "distid:1234567812345678", "-in", "signed", "-sigfile", "signature"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return "Verified Successfully" in done.stdout


def test_seal_and_signature_satisfy_the_openssl_command(platform: SealPlatform, tmp_path: Path) -> None:
    made = SealSignature.read(platform.sign(bytes(range(32)), PATH, datetime.now(UTC)))
    assert _openssl_verifies(tmp_path, made.certificate, made.signed, made.signature)
    assert not _openssl_verifies(tmp_path, made.certificate, made.signed + b".", made.signature)
    assert _openssl_verifies(tmp_path, made.seal.maker_certificate, made.seal.signed, made.seal.signature)


def test_signer_and_maker_lead_to_the_announced_root(server: Running, platform: SealPlatform) -> None:
    trust = Trust.of([Path(server[1].described()["trust_file"]).read_bytes()])
    for certificate in (platform.certificate, platform.seal.maker_certificate):
        trust.check(Certificate.read(certificate), datetime.now(UTC))


def test_the_seal_says_that_it_is_a_test(platform: SealPlatform) -> None:
    seal = platform.seal
    assert says_test(seal) and "测试" in seal.name
    assert (seal.version, seal.es_id, seal.picture_type) == (4, "42011200009999", "PNG")
    picture = Image.open(io.BytesIO(seal.picture))
    assert picture.format == "PNG" and picture.width == picture.height
    assert (seal.width_mm, seal.height_mm) == (42, 42) and len(seal.picture) < 8000


def test_the_seal_is_in_the_form_a_generic_parser_writes(platform: SealPlatform) -> None:
    parsed = core.Sequence.load(platform.seal.raw, strict=True)
    assert parsed.dump(force=True) == platform.seal.raw == Seal.read(platform.seal.raw).raw


def test_its_own_arithmetic_is_that_of_the_standards_example(tmp_path: Path) -> None:
    """GB/T 32918.5: the example's private key gives the example's public key; what it signs we verify."""
    key = sm2.Key.of(0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8)
    assert key.public.hex().startswith("0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020")
    for message in (b"", b"message digest", bytes(1000)):
        PublicKey.from_point(key.public).verify(message, key.sign(message))
    for secret in (1, 2, 16, sm2.N - 2):
        PublicKey.from_point(sm2.Key.of(secret).public).verify(b"x", sm2.Key.of(secret).sign(b"x"))
    for secret in (0, sm2.N - 1, sm2.N):
        with pytest.raises(ValueError, match="N - 2"):
            sm2.Key.of(secret)


def test_who_does_not_know_the_secret_gets_nothing(server: Running) -> None:
    ca = server[1].described()["ca_file"]
    url = f"{server[0].base_url}/seals/{seal_platform.SEAL_ID}"
    assert requests.get(url, verify=ca, timeout=5).status_code == 401
    assert requests.post(f"{url}/signatures", data=b"{}", verify=ca, timeout=5).status_code == 401
    assert requests.get(f"{server[0].base_url}/health", verify=ca, timeout=5).text == "ok"
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(url, timeout=5)


def test_a_request_that_was_heard_is_not_taken_again(server: Running) -> None:
    where = server[1].described()
    client = PlatformClient(
        server[0].base_url, key_id="hub", secret_file=Path(where["secret_file"]), ca_file=Path(where["ca_file"])
    )
    path = f"/seals/{seal_platform.SEAL_ID}"
    headers = client._signed("GET", path, b"")
    first, again = (
        requests.get(server[0].base_url + path, headers=headers, verify=where["ca_file"], timeout=5) for _ in range(2)
    )
    assert (first.status_code, again.status_code) == (200, 401) and "nonce" in again.text
    old = headers | {"X-Hub-Time": str(int(headers["X-Hub-Time"]) - 400_000)}
    answer = requests.get(server[0].base_url + path, headers=old, verify=where["ca_file"], timeout=5)
    assert answer.status_code == 401 and "five minutes" in answer.text


def test_its_keys_are_made_once(server: Running) -> None:
    folder = server[1].folder
    again = seal_platform.keys(folder)
    assert again.seal == server[1].seal and again.secret == server[1].secret
    for name in ("secret", "tls.key", "sm2-signer.key"):
        assert (folder / name).stat().st_mode & 0o077 == 0, name

"""Signatures a second by where the key lies: in this process (the floor), in a PKCS#11 token, on a seal platform.

    python -m benchmarks.tokens

The token is SoftHSM 2, which is software: a real device is slower, so what is seen here is what the seam costs. The
platform is the sandbox's, in this process, over TLS on 127.0.0.1; its SM2 is plain Python and is its largest part.
"""

from __future__ import annotations

import os
import secrets
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from benchmarks.sm2 import rate
from sandbox import seal_platform, tsa
from signing.ec_key import EcFileKey
from signing.platform_client import PlatformClient
from signing.port import Algorithm
from signing.seal_platform import RemoteKey, SealPlatform
from signing.sm2 import PrivateKey
from signing.token_key import TokenKey, TokenPlace
from signing.tsa import TimestampClient

ROUNDS, SECONDS = 5, 1.0
_MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so", "/usr/lib64/libsofthsm2.so")
_DIGEST, _PIN = bytes(range(32)), "24680246"
Job = tuple[str, Callable[[], object]]


def _certificate(key: Any) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "benchmark")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    return builder.sign(key, SHA256()).public_bytes(Encoding.DER)


def _token_jobs(folder: Path, keys: dict[str, Any]) -> Iterator[Job]:
    module = next((Path(one) for one in _MODULES if Path(one).exists()), None)
    if module is None or shutil.which("softhsm2-util") is None:
        print("SoftHSM 2 is not installed: no token was measured")
        return
    (folder / "tokens").mkdir()
    (folder / "conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    (folder / "pin").write_text(_PIN)
    os.environ["SOFTHSM2_CONF"] = str(folder / "conf")

    def util(*words: str) -> None:
        subprocess.run(["softhsm2-util", *words], check=True, capture_output=True)

    util("--init-token", "--free", "--label", "benchmark", "--so-pin", _PIN, "--pin", _PIN)
    for number, (name, key) in enumerate(keys.items(), 1):
        (folder / "key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        util("--import", str(folder / "key"), "--token", "benchmark", "--label", name, "--id", f"0{number}",
             "--pin", _PIN)  # fmt: skip
        algorithm = Algorithm.RSA_SHA256 if name == "RSA" else Algorithm.ECDSA_SHA256
        place = TokenPlace(module, "benchmark", folder / "pin", key_label=name)
        token = TokenKey(place, algorithm, _certificate(key))
        yield f"{name}, token", lambda token=token: token.sign_digest(_DIGEST)  # type: ignore[misc]


def _platform_jobs(folder: Path) -> Iterator[Job]:
    kept, server = seal_platform.keys(folder / "platform"), seal_platform.SealServer()
    server.serve(kept)
    where = kept.described()
    client = PlatformClient(
        server.base_url, key_id=where["key_id"], secret_file=Path(where["secret_file"]), ca_file=Path(where["ca_file"])
    )
    platform = SealPlatform(client, where["seal_id"])
    remote = RemoteKey(client, where["seal_id"], platform.certificate)
    # a digest of its own each time, or the platform only remembers
    yield "SM2, platform: SES_Signature", lambda: platform.sign(secrets.token_bytes(32), "/a", datetime.now(UTC))
    yield "SM2, platform: r and s", lambda: remote.sign_digest(secrets.token_bytes(32))
    yield "  of which the platform's SM2", lambda: kept.signer.key.sign_digest(_DIGEST)
    authority = tsa.TimestampServer()
    authority.serve(tsa.keys(folder / "tsa"))
    timestamps = TimestampClient(authority.url)
    yield "timestamp over HTTP, SM2", lambda: timestamps(_DIGEST)
    yield "timestamp over HTTP, P-256", lambda: timestamps.token_sha256(_DIGEST)


def main() -> None:
    """Print medians."""
    keys: dict[str, Any] = {
        "RSA": rsa.generate_private_key(public_exponent=65537, key_size=2048),
        "ECDSA": ec.generate_private_key(ec.SECP256R1()),
    }
    jobs: list[Job] = []
    for name, key in keys.items():
        floor = EcFileKey(key, _certificate(key))
        jobs.append((f"{name}, in process", lambda floor=floor: floor.sign_digest(_DIGEST)))  # type: ignore[misc]
    sm2 = PrivateKey.generate()
    jobs.append(("SM2, in process", lambda: sm2.sign_digest(_DIGEST)))
    with tempfile.TemporaryDirectory() as folder:
        jobs += _token_jobs(Path(folder), keys)
        jobs += _platform_jobs(Path(folder))
        figures: dict[str, list[float]] = {}
        for _ in range(ROUNDS):
            for name, work in jobs:
                figures.setdefault(name, []).append(rate(work, SECONDS))
    for name, values in figures.items():
        print(f"{name:32} {statistics.median(values):8.0f} /s   ({min(values):.0f} to {max(values):.0f})")


if __name__ == "__main__":
    main()

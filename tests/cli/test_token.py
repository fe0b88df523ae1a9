"""A PDF copy signed by a key in a PKCS#11 token, configured in the press file, by the command as a program."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from tests.cli.command import Command
from tests.cli.conftest import World

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so", "/usr/lib64/libsofthsm2.so")
MODULE = next((one for one in MODULES if Path(one).exists()), None)

pytestmark = pytest.mark.skipif(
    MODULE is None or shutil.which("softhsm2-util") is None,
    reason="SoftHSM 2 is not installed (Debian: apt-get install softhsm2)",
)
PRESS = """
[pdf]
kind = "token"
module = "{module}"
token = "bureau"
pin_file = "pin"
key_label = "pdf"
certificate_file = "demo/seal/pdf/signer-cert.pem"
chain_file = "demo/pdf/intermediate-cert.pem"
"""


@pytest.fixture
def environment(own: Command, tmp_path: Path) -> dict[str, str]:
    """The bureau's key for PDF in a token, and a press file that names it."""
    keys = own.home / "keys"
    passphrase = (keys / "demo" / "passphrase").read_bytes().strip()
    key = load_pem_private_key((keys / "demo" / "seal" / "pdf" / "signer-key.pem").read_bytes(), passphrase)
    plain, tokens, configuration = tmp_path / "key.pem", tmp_path / "tokens", tmp_path / "softhsm2.conf"
    plain.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    tokens.mkdir()
    configuration.write_text(f"directories.tokendir = {tokens}\nlog.level = ERROR\n")
    outside = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    environment = outside | own.environment | {"SOFTHSM2_CONF": str(configuration)}
    for words in (
        ["--init-token", "--free", "--label", "bureau", "--so-pin", "13579-so", "--pin", "2468-pin"],
        ["--import", str(plain), "--token", "bureau", "--label", "pdf", "--id", "01", "--pin", "2468-pin"],
    ):
        subprocess.run(["softhsm2-util", *words], env=environment, check=True, capture_output=True)
    plain.unlink()
    (keys / "demo" / "seal" / "pdf" / "signer-key.pem").unlink()
    (keys / "pin").write_text("2468-pin\n")
    (keys / "press.toml").write_text(PRESS.format(module=MODULE))
    return environment


def hub(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "cli", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, check=False, timeout=60)


def test_a_key_in_a_token_signs_a_copy(environment: dict[str, str], own: Command, world: World, tmp_path: Path) -> None:
    out = tmp_path / "copy.pdf"
    done = hub(environment, "licences", "pdf", world.some("issued"), "--out", str(out))
    assert (done.returncode, done.stderr) == (0, b"")
    assert own("verify", "-q", str(out)).status == 0


def test_a_wrong_pin_is_a_one_and_is_not_shown(
    environment: dict[str, str], own: Command, world: World, tmp_path: Path
) -> None:
    (own.home / "keys" / "pin").write_text("99-wrong-99\n")
    done = hub(environment, "licences", "pdf", world.some("issued"), "--out", str(tmp_path / "copy.pdf"))
    assert (done.returncode, done.stdout, done.stderr[:8]) == (1, b"", b"HUB-302 ")
    assert b"99-wrong-99" not in done.stderr

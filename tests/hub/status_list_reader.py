"""A reader of the status list as another party would write it from docs/status-list.md: openssl, nothing of the hub.

It checks the signature with the key of the certificate that came along; whom to trust is another question.
"""

from __future__ import annotations

import base64
import json
import subprocess
import zlib
from pathlib import Path
from typing import Any


def read(data: bytes, folder: Path) -> dict[str, Any]:
    """What the signed statement says; an AssertionError where the signature is not good."""
    file = json.loads(data)
    statement = file["statement"].encode()
    _, signed_data = parts(base64.b64decode(file["signature"]))
    _, _, _, certificates, signers = parts(parts(signed_data)[0])
    _, _, _, attributes, _, signature = parts(parts(signers)[0])
    signed = dict(parts(one) for one in parts(attributes))
    (digest,) = parts(signed[bytes.fromhex("06092a864886f70d010904")])  # messageDigest
    assert content(digest) == openssl("dgst", "-sm3", "-binary", given=statement), "another statement was signed"
    (folder / "key").write_bytes(openssl("x509", "-inform", "DER", "-noout", "-pubkey", given=parts(certificates)[0]))
    (folder / "signature").write_bytes(content(signature))
    told = openssl(
        "dgst", "-sm3", "-verify", str(folder / "key"), "-sigopt", "distid:1234567812345678",
        "-signature", str(folder / "signature"), given=b"\x31" + attributes[1:],
    )  # fmt: skip
    assert b"Verified OK" in told, "the signature is not of this key"
    return dict(json.loads(statement))


def slot(statement: dict[str, Any], place: int) -> int:
    """Four bits of the list."""
    text = statement["list"]
    packed = zlib.decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    assert len(packed) * 2 == statement["places"]
    return packed[place // 2] >> 4 * (place % 2) & 15


def openssl(*arguments: str, given: bytes) -> bytes:
    return subprocess.run(["openssl", *arguments], input=given, capture_output=True, check=False).stdout


def _span(der: bytes, start: int) -> tuple[int, int]:
    """Where the content of an element begins and ends."""
    length, begin = der[start + 1], start + 2
    if length & 0x80:
        length, begin = int.from_bytes(der[begin : begin + length - 0x80], "big"), begin + length - 0x80
    return begin, begin + length


def content(der: bytes) -> bytes:
    begin, end = _span(der, 0)
    return der[begin:end]


def parts(der: bytes) -> list[bytes]:
    """The elements inside an element, whole."""
    inner, found, at = content(der), [], 0
    while at < len(inner):
        _, end = _span(inner, at)
        found.append(inner[at:end])
        at = end
    return found

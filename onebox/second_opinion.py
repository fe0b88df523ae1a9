"""A second opinion on a sealed OFD: the `openssl` command judges what our verifier judged.

It shares no code with `signing/`: the structure is cut by DER lengths, the certificates' keys are
taken out and both SM2 signatures and the data hash are checked by OpenSSL itself. It looks at the
cryptography only, not at coverage, chain, validity or appearance: it can agree, not replace.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

#: GB/T 35276's default user ID, which OpenSSL does not assume by itself.
_USER_ID = "1234567812345678"


@dataclass(frozen=True, slots=True)
class Opinion:
    """What OpenSSL says of one seal. `agrees` only when all three hold."""

    seal: str
    signer: bool
    maker: bool
    data_hash: bool

    @property
    def agrees(self) -> bool:
        return self.signer and self.maker and self.data_hash


def available() -> bool:
    """Whether there is an `openssl` command to ask."""
    return shutil.which("openssl") is not None


def second_opinion(ofd: bytes) -> list[Opinion]:
    """One opinion a seal; an empty list for a file without a version 4 or 5 seal.

    Raises:
        ValueError: the file is no OFD package, or a seal cannot be cut apart.
    """
    opinions = []
    try:
        with zipfile.ZipFile(BytesIO(ofd)) as package:
            for name in package.namelist():
                if name.endswith("/SignedValue.dat"):
                    described = package.read(name.removesuffix("SignedValue.dat") + "Signature.xml")
                    opinions.append(_one(name, package.read(name), described))
    except (zipfile.BadZipFile, KeyError, IndexError) as error:
        raise ValueError(f"not a sealed OFD that can be cut apart: {type(error).__name__}") from None
    return opinions


def _one(name: str, value: bytes, signature_xml: bytes) -> Opinion:
    to_sign, signer_certificate, _, signature = list(_children(_content(value)))[:4]
    fields = list(_children(_content(to_sign)))
    seal_info, maker_certificate, _, maker_signature = list(_children(_content(fields[1])))[:4]
    return Opinion(
        seal=name,
        signer=_verifies(_content(signer_certificate), to_sign, _content(signature)[1:]),
        maker=_verifies(_content(maker_certificate), seal_info, _content(maker_signature)[1:]),
        data_hash=_openssl(["dgst", "-sm3", "-binary"], signature_xml) == _content(fields[3])[1:],
    )


def _verifies(certificate: bytes, message: bytes, signature: bytes) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        key, mark = Path(folder, "key.pem"), Path(folder, "signature.der")
        key.write_bytes(_openssl(["x509", "-inform", "DER", "-noout", "-pubkey"], certificate))
        mark.write_bytes(signature)
        asked = ["dgst", "-sm3", "-verify", str(key), "-sigopt", f"distid:{_USER_ID}", "-signature", str(mark)]
        return b"Verified OK" in _openssl(asked, message)


def _openssl(arguments: list[str], given: bytes) -> bytes:
    return subprocess.run(["openssl", *arguments], input=given, capture_output=True, check=False).stdout


def _span(data: bytes, at: int) -> tuple[int, int]:
    """Where the content of the DER element at `at` begins and ends."""
    length, start = data[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        length, start = int.from_bytes(data[start : start + count], "big"), start + count
    return start, start + length


def _content(element: bytes) -> bytes:
    start, end = _span(element, 0)
    return element[start:end]


def _children(content: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(content):
        _, end = _span(content, at)
        yield content[at:end]
        at = end

"""A demo authority, a demo seal maker and a demo bureau seal; all say 测试, none has any legal force.

The keys are real SM2 keys under a random passphrase, so that everything downstream is the real thing
except for whom one trusts. Production takes certificates and seal from a licensed maker.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from documents.seal_picture import draw as draw_picture
from signing import oids
from signing.certificate_making import Wish, make_certificate
from signing.certificates import Certificate, Usage, as_pem, read_many
from signing.errors import DemoKeysBroken
from signing.file_key import FileKey
from signing.seal.making import SealDraft, make_seal
from signing.seal.parts import Seal
from signing.sm2 import PrivateKey

#: What every name here holds.
TEST_MARK = "测试"
_ROOT, _MAKER, _TSA, _SIGNER = "root", "maker", "tsa", "signer"
_PASSPHRASE, _SEAL = "passphrase", "seal.esl"
_SEAL_MM = 42
_YEARS = {_ROOT: 20, _MAKER: 10, _TSA: 10, _SIGNER: 3}
_SEAL_YEARS = 2
#: The number GB/T 38540 leaves free; 4 is what a district's licence seals in the field carry.
_SEAL_KIND = 4
#: Certificates begin a little earlier, so that a clock that is behind can use them at once.
_EARLIER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Bureau:
    """An organ that seals: its name, credit code, and the 14 digits of its seal."""

    name: str
    credit_code: str
    es_id: str
    caption: str = "电子证照专用章"


@dataclass(frozen=True, slots=True)
class DemoKeys:
    """What sealing and verifying in the demo need: whom to trust (DER), the signer, the seal."""

    root: bytes = field(repr=False)
    tsa: FileKey
    signer: FileKey
    seal: Seal


def prepare(folder: Path, bureau: Bureau, at: datetime, seal_name: str = "seal") -> DemoKeys:
    """The demo keys in `folder`, made where there are none.

    A second call changes nothing and reads what is there. Another `seal_name` makes one more signer and
    seal under the same authority: what happens when a bureau is renamed.

    Args:
        at: the certificates and the seal begin here.

    Raises:
        DemoKeysBroken: the folder is there but incomplete.
        KeyRefused, CertificateRefused: a file in it was changed.
    """
    if not (folder / _PASSPHRASE).exists():
        _in_one_step(folder, lambda fresh: _make_authority(fresh, at))
    if not (folder / seal_name).exists():
        _in_one_step(folder / seal_name, lambda fresh: _make_bureau(folder, fresh, bureau, at))
    return open_keys(folder, seal_name)


def open_keys(folder: Path, seal_name: str = "seal") -> DemoKeys:
    """The demo keys that are there. Raises as `prepare` does."""
    passphrase = folder / _PASSPHRASE
    of_bureau = folder / seal_name
    needed = [passphrase, *(_pair(folder, name)[1] for name in (_ROOT, _MAKER, _TSA)), of_bureau / _SEAL]
    missing = [path.name for path in needed if not path.is_file()]
    if missing:
        raise DemoKeysBroken(
            f"the demo keys in {folder} lack {', '.join(missing)}. Nothing was made over them; restore the folder, "
            "or move it away and let it be made again (licences sealed before then no longer verify)."
        )
    return DemoKeys(
        root=read_many(_pair(folder, _ROOT)[1].read_bytes())[0].raw,
        tsa=FileKey.open(*_pair(folder, _TSA), passphrase),
        signer=FileKey.open(*_pair(of_bureau, _SIGNER), passphrase),
        seal=Seal.read((of_bureau / _SEAL).read_bytes()),
    )


def says_test(seal: Seal) -> bool:
    """Whether the seal says that it is a demo seal: in its name or in its maker's. Production refuses such."""
    maker = Certificate.read(seal.maker_certificate)
    return any(TEST_MARK in text for text in (seal.name, maker.common_name, maker.organisation))


def _pair(folder: Path, name: str) -> tuple[Path, Path]:
    return folder / f"{name}-key.pem", folder / f"{name}-cert.pem"


def _in_one_step(folder: Path, fill: Callable[[Path], None]) -> None:
    """Fill a folder beside its place and move it there whole: a process that dies leaves none or all of it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        fill(fresh)
        try:
            fresh.rename(folder)
        except OSError as error:
            if not folder.is_dir():
                raise
            # Somebody else made it meanwhile, or it was there without a passphrase: open_keys tells which.
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _make_authority(folder: Path, at: datetime) -> None:
    passphrase = secrets.token_urlsafe(32).encode()
    _write(folder / _PASSPHRASE, passphrase + b"\n")
    root_key = PrivateKey.generate()
    usage = Usage.KEY_CERT_SIGN | Usage.CRL_SIGN
    wish = _wish(_ROOT, f"一证通办{TEST_MARK}根证书", f"一证通办{TEST_MARK}机构", usage, at, is_authority=True)
    root = make_certificate(wish, root_key.point, root_key)
    _store(folder, _ROOT, root_key, root, passphrase)
    issuer = Certificate.read(root)
    for name, title, extended in ((_MAKER, "制章者", ()), (_TSA, "时间戳服务", (oids.TIME_STAMPING,))):
        key = PrivateKey.generate()
        wish = _wish(
            name, f"{TEST_MARK}{title}", f"一证通办{TEST_MARK}机构", Usage.DIGITAL_SIGNATURE, at, extended=extended
        )
        _store(folder, name, key, make_certificate(wish, key.point, root_key, issuer), passphrase)


def _make_bureau(authority: Path, folder: Path, bureau: Bureau, at: datetime) -> None:
    passphrase_file = authority / _PASSPHRASE
    passphrase = passphrase_file.read_bytes().rstrip(b"\r\n")
    root_key = PrivateKey.load(_pair(authority, _ROOT)[0].read_bytes(), passphrase)
    issuer = read_many(_pair(authority, _ROOT)[1].read_bytes())[0]
    key = PrivateKey.generate()
    usage = Usage.DIGITAL_SIGNATURE | Usage.NON_REPUDIATION
    organ = bureau.name if TEST_MARK in bureau.name else f"{bureau.name}（{TEST_MARK}）"
    wish = _wish(_SIGNER, bureau.es_id, f"{bureau.credit_code}{organ}", usage, at)
    certificate = make_certificate(wish, key.point, root_key, issuer)
    _store(folder, _SIGNER, key, certificate, passphrase)
    plain = bureau.name.replace(f"（{TEST_MARK}）", "")
    seal = make_seal(
        SealDraft(
            vendor="YIZHENG-TEST",
            es_id=bureau.es_id,
            kind=_SEAL_KIND,
            name=f"{plain}{bureau.caption}（{TEST_MARK}）",
            users=(certificate,),
            created=at,
            valid_from=at - _EARLIER,
            valid_to=at + timedelta(days=365 * _SEAL_YEARS),
            picture_type="PNG",
            picture=draw_picture(plain, bureau.caption, bureau.credit_code, _SEAL_MM, test=True),
            width_mm=_SEAL_MM,
            height_mm=_SEAL_MM,
        ),
        FileKey.open(*_pair(authority, _MAKER), passphrase_file),
    )
    _write(folder / _SEAL, seal.raw, 0o644)


def _wish(
    role: str,
    name: str,
    organisation: str,
    usage: Usage,
    at: datetime,
    *,
    is_authority: bool = False,
    extended: tuple[str, ...] = (),
) -> Wish:
    return Wish(
        name=((oids.COUNTRY, "CN"), (oids.ORGANISATION, organisation), (oids.COMMON_NAME, name)),
        # 16 random octets with the first bit off: positive, and never used before
        serial=secrets.randbits(126) | 1 << 126,
        not_before=at - _EARLIER,
        not_after=at + timedelta(days=365 * _YEARS[role]),
        usage=usage,
        is_authority=is_authority,
        extended=extended,
    )


def _store(folder: Path, name: str, key: PrivateKey, certificate: bytes, passphrase: bytes) -> None:
    key_file, certificate_file = _pair(folder, name)
    _write(key_file, key.encrypted_pem(passphrase))
    _write(certificate_file, as_pem(certificate), 0o644)


def _write(path: Path, data: bytes, mode: int = 0o600) -> None:
    """A new file, on disk before this returns; never over an old one."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())

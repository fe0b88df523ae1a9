"""A demo authority, a demo seal maker and a demo bureau seal; all say 测试, none has any legal force.

The keys are real SM2 keys under a random passphrase, so that everything downstream is the real thing
except for whom one trusts. Production takes certificates and seal from a licensed maker.

What lies in the folder:

    passphrase                         of every key below
    root-cert.pem                      the root and after it the intermediate: all that a verifier needs
    root-, intermediate-, maker-, tsa-, ocsp-key.pem and -cert.pem
    root.crl, intermediate.crl         first revocation lists (DER), nothing revoked, valid for a year
    pdf-root-cert.pem                  the same for PDF (P-256)
    pdf/                               root, intermediate and tsa for PDF
    log/                               the key that signs heads of the logs
    encryption/                        the key that other hubs seal archives to
    seal/                              seal.esl, the bureau's signer, and in pdf/ its signer for PDF

A folder of an earlier version has no intermediate, no lists and no responder. It is used as it is, and only
what PDF, the logs and transfers need is added.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from documents.seal_picture import draw as draw_picture
from signing import oids
from signing.certificate_making import Wish, make_certificate, make_revocation_list
from signing.certificates import Certificate, Usage, as_pem, read_many
from signing.demo_files import add_beside, in_one_step, pair, write_new
from signing.errors import DemoKeysBroken
from signing.file_key import FileKey
from signing.seal.making import SealDraft, make_seal
from signing.seal.parts import Seal
from signing.sm2 import PrivateKey

if TYPE_CHECKING:
    from signing.ec_key import EcFileKey
    from signing.port import Decrypter

#: What every name here holds.
TEST_MARK = "测试"
_ROOT, _INTERMEDIATE, _MAKER, _TSA, _OCSP, _SIGNER = "root", "intermediate", "maker", "tsa", "ocsp", "signer"
_LOG, _ENCRYPTION = "log", "encryption"
_PASSPHRASE, _SEAL, _PDF, _PDF_ROOT = "passphrase", "seal.esl", "pdf", "pdf-root-cert.pem"
_ORGANISATION = f"一证通办{TEST_MARK}机构"
_SEAL_MM = 42
_YEARS = {_ROOT: 20, _INTERMEDIATE: 15, _MAKER: 10, _TSA: 10, _OCSP: 10, _SIGNER: 3, _LOG: 10, _ENCRYPTION: 3}
_LIST_DAYS = 365
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


@dataclass(frozen=True)
class DemoKeys:
    """What sealing and verifying in the demo need; what only some processes need is opened when asked for.

    `root` is what a verifier is given: the root's certificate and after it the intermediate's, PEM. `intermediate`
    is the latter alone, DER; None in a folder of an earlier version, where the root issued all.
    """

    root: bytes = field(repr=False)
    intermediate: bytes | None = field(repr=False)
    tsa: FileKey
    signer: FileKey
    seal: Seal
    _folder: Path = field(repr=False, compare=False)
    _of_bureau: Path = field(repr=False, compare=False)

    @property
    def pdf_root(self) -> bytes:
        """What a verifier of PDF is given: root and intermediate, PEM. Raises DemoKeysBroken when it is not there."""
        return _needed(self._folder / _PDF_ROOT).read_bytes()

    @cached_property
    def pdf_signer(self) -> EcFileKey:
        """The bureau's key for PDF (P-256).

        Raises:
            DemoKeysBroken: there is none yet; `prepare` adds it.
            KeyRefused, CertificateRefused: a file was changed.
        """
        return self._open_pdf(self._of_bureau / _PDF, _SIGNER)

    @cached_property
    def pdf_tsa(self) -> EcFileKey:
        """The timestamp authority for PDF (P-256). Raises as `pdf_signer` does."""
        return self._open_pdf(self._folder / _PDF, _TSA)

    @cached_property
    def ocsp(self) -> FileKey | None:
        """The OCSP responder under the intermediate; None in a folder of an earlier version.

        Raises KeyRefused, CertificateRefused when a file was changed.
        """
        key, certificate = pair(self._folder, _OCSP)
        return FileKey.open(key, certificate, self._folder / _PASSPHRASE) if certificate.is_file() else None

    @property
    def lists(self) -> tuple[bytes, ...]:
        """The revocation lists of the root and of the intermediate (DER); none in a folder of an earlier version."""
        found = (_list_of(self._folder, name) for name in (_ROOT, _INTERMEDIATE))
        return tuple(path.read_bytes() for path in found if path.is_file())

    def _open_pdf(self, folder: Path, name: str) -> EcFileKey:
        # The libraries for P-256 take longer to load than the keys; most processes need neither.
        from signing.ec_key import EcFileKey

        key, certificate = pair(folder, name)
        return EcFileKey.open(_needed(key), _needed(certificate), self._folder / _PASSPHRASE)


def prepare(folder: Path, bureau: Bureau, at: datetime, seal_name: str = "seal") -> DemoKeys:
    """The demo keys in `folder`, made where there are none.

    A second call changes nothing and reads what is there; to a folder of an earlier version it adds what PDF
    needs. Another `seal_name` makes one more signer and
    seal under the same authority: what happens when a bureau is renamed.

    Args:
        at: the certificates and the seal begin here.

    Raises:
        DemoKeysBroken: the folder is there but incomplete.
        KeyRefused, CertificateRefused: a file in it was changed.
    """
    if not (folder / _PASSPHRASE).exists():
        in_one_step(folder, lambda fresh: _make_authority(fresh, at))
    if not (folder / seal_name).exists():
        in_one_step(folder / seal_name, lambda fresh: _make_bureau(folder, fresh, bureau, at))
    keys = open_keys(folder, seal_name)
    _add_pdf(folder, folder / seal_name, keys, at)
    if not (folder / _LOG).exists():
        in_one_step(folder / _LOG, lambda fresh: _make_log_key(folder, fresh, at))
    if not (folder / _ENCRYPTION).exists():
        in_one_step(folder / _ENCRYPTION, lambda fresh: _make_encryption_key(folder, fresh, keys, at))
    return keys


def open_keys(folder: Path, seal_name: str = "seal") -> DemoKeys:
    """The demo keys that are there. Raises as `prepare` does."""
    passphrase = folder / _PASSPHRASE
    of_bureau = folder / seal_name
    needed = [passphrase, *(pair(folder, name)[1] for name in (_ROOT, _MAKER, _TSA)), of_bureau / _SEAL]
    missing = [path.name for path in needed if not path.is_file()]
    if missing:
        raise DemoKeysBroken(
            f"the demo keys in {folder} lack {', '.join(missing)}. Nothing was made over them; restore the folder, "
            "or move it away and let it be made again (licences sealed before then no longer verify)."
        )
    bundle = pair(folder, _ROOT)[1].read_bytes()
    between = [one.raw for one in read_many(bundle)[1:]]
    return DemoKeys(
        root=bundle,
        intermediate=between[0] if between else None,
        tsa=FileKey.open(*pair(folder, _TSA), passphrase),
        signer=FileKey.open(*pair(of_bureau, _SIGNER), passphrase),
        seal=Seal.read((of_bureau / _SEAL).read_bytes()),
        _folder=folder,
        _of_bureau=of_bureau,
    )


def open_log_key(folder: Path) -> FileKey:
    """The key that signs heads of the logs.

    Raises:
        DemoKeysBroken: there is none yet; `prepare` adds it.
        KeyRefused, CertificateRefused: a file was changed.
    """
    key, certificate = pair(folder / _LOG, _LOG)
    return FileKey.open(_needed(key), _needed(certificate), folder / _PASSPHRASE)


def open_encryption_key(folder: Path) -> Decrypter:
    """The key that other hubs seal archives to; its certificate is for encryption only.

    Raises:
        DemoKeysBroken: there is none yet; `prepare` adds it.
        KeyRefused, CertificateRefused: a file was changed.
    """
    from signing.file_decrypter import open_decrypter

    key, certificate = pair(folder / _ENCRYPTION, _ENCRYPTION)
    return open_decrypter(_needed(key), _needed(certificate), folder / _PASSPHRASE)


def says_test(seal: Seal) -> bool:
    """Whether the seal says that it is a demo seal: in its name or in its maker's. Production refuses such."""
    maker = Certificate.read(seal.maker_certificate)
    return any(TEST_MARK in text for text in (seal.name, maker.common_name, maker.organisation))


def _needed(path: Path) -> Path:
    if not path.is_file():
        raise DemoKeysBroken(f"the demo keys lack {path}; run `hub pki demo`, which adds what is missing.")
    return path


def _list_of(folder: Path, issuer: str) -> Path:
    return folder / f"{issuer}.crl"


def _make_authority(folder: Path, at: datetime) -> None:
    passphrase = secrets.token_urlsafe(32).encode()
    write_new(folder / _PASSPHRASE, passphrase + b"\n")
    root_key, key = PrivateKey.generate(), PrivateKey.generate()
    issues = Usage.KEY_CERT_SIGN | Usage.CRL_SIGN
    wish = _wish(_ROOT, f"一证通办{TEST_MARK}根证书", _ORGANISATION, issues, at, is_authority=True)
    root = make_certificate(wish, root_key.point, root_key)
    wish = _wish(
        _INTERMEDIATE, f"一证通办{TEST_MARK}中级证书", _ORGANISATION, issues, at, is_authority=True, path_length=0
    )
    between = make_certificate(wish, key.point, root_key, Certificate.read(root))
    _store(folder, _ROOT, root_key, as_pem(root) + as_pem(between), passphrase)
    _store(folder, _INTERMEDIATE, key, as_pem(between), passphrase)
    for name, issuer_key, issuer in ((_ROOT, root_key, root), (_INTERMEDIATE, key, between)):
        first = make_revocation_list(
            {},
            issuer_key,
            Certificate.read(issuer),
            number=1,
            this_update=at - _EARLIER,
            next_update=at + timedelta(days=_LIST_DAYS),
        )
        write_new(_list_of(folder, name), first, 0o644)
    for name, title, extended in (
        (_MAKER, "制章者", ()),
        (_TSA, "时间戳服务", (oids.TIME_STAMPING,)),
        (_OCSP, "证书状态服务", (oids.OCSP_SIGNING,)),
    ):
        own = PrivateKey.generate()
        wish = _wish(name, f"{TEST_MARK}{title}", _ORGANISATION, Usage.DIGITAL_SIGNATURE, at, extended=extended)
        certificate = make_certificate(wish, own.point, key, Certificate.read(between))
        _store(folder, name, own, as_pem(certificate), passphrase)


def _add_pdf(folder: Path, of_bureau: Path, keys: DemoKeys, at: datetime) -> None:
    """What PDF needs, where it is not there; the bureau's name is taken from its certificate."""
    from signing import demo_pdf_pki

    passphrase = (folder / _PASSPHRASE).read_bytes().rstrip(b"\r\n")
    if not (folder / _PDF).exists():
        in_one_step(folder / _PDF, lambda fresh: demo_pdf_pki.make_authority(fresh, passphrase, at))
    add_beside(folder / _PDF_ROOT, _needed(pair(folder / _PDF, _ROOT)[1]).read_bytes())
    if not (of_bureau / _PDF).exists():
        said = Certificate.read(keys.signer.certificate)
        name = (said.common_name, said.organisation)
        in_one_step(
            of_bureau / _PDF, lambda fresh: demo_pdf_pki.make_signer(folder / _PDF, fresh, passphrase, name, at)
        )


def _issuer(authority: Path, passphrase: bytes) -> tuple[PrivateKey, Certificate]:
    # In a folder of an earlier version the root issues.
    issuing = _INTERMEDIATE if pair(authority, _INTERMEDIATE)[1].is_file() else _ROOT
    issuer_key = PrivateKey.load(pair(authority, issuing)[0].read_bytes(), passphrase)
    return issuer_key, read_many(pair(authority, issuing)[1].read_bytes())[0]


def _make_log_key(authority: Path, folder: Path, at: datetime) -> None:
    wish = _wish(_LOG, f"{TEST_MARK}日志签名", _ORGANISATION, Usage.DIGITAL_SIGNATURE, at)
    _make_one(authority, folder, _LOG, wish)


def _make_encryption_key(authority: Path, folder: Path, keys: DemoKeys, at: datetime) -> None:
    usage = Usage.KEY_ENCIPHERMENT | Usage.DATA_ENCIPHERMENT | Usage.KEY_AGREEMENT
    organ = Certificate.read(keys.signer.certificate).organisation
    _make_one(authority, folder, _ENCRYPTION, _wish(_ENCRYPTION, f"{TEST_MARK}档案迁移加密", organ, usage, at))


def _make_one(authority: Path, folder: Path, name: str, wish: Wish) -> None:
    passphrase = (authority / _PASSPHRASE).read_bytes().rstrip(b"\r\n")
    issuer_key, issuer = _issuer(authority, passphrase)
    key = PrivateKey.generate()
    _store(folder, name, key, as_pem(make_certificate(wish, key.point, issuer_key, issuer)), passphrase)


def _make_bureau(authority: Path, folder: Path, bureau: Bureau, at: datetime) -> None:
    passphrase_file = authority / _PASSPHRASE
    passphrase = passphrase_file.read_bytes().rstrip(b"\r\n")
    issuer_key, issuer = _issuer(authority, passphrase)
    key = PrivateKey.generate()
    usage = Usage.DIGITAL_SIGNATURE | Usage.NON_REPUDIATION
    organ = bureau.name if TEST_MARK in bureau.name else f"{bureau.name}（{TEST_MARK}）"
    wish = _wish(_SIGNER, bureau.es_id, f"{bureau.credit_code}{organ}", usage, at)
    certificate = make_certificate(wish, key.point, issuer_key, issuer)
    _store(folder, _SIGNER, key, as_pem(certificate), passphrase)
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
        FileKey.open(*pair(authority, _MAKER), passphrase_file),
    )
    write_new(folder / _SEAL, seal.raw, 0o644)


def _wish(
    role: str,
    name: str,
    organisation: str,
    usage: Usage,
    at: datetime,
    *,
    is_authority: bool = False,
    path_length: int | None = None,
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
        path_length=path_length,
        extended=extended,
        no_check=oids.OCSP_SIGNING in extended,
    )


def _store(folder: Path, name: str, key: PrivateKey, certificates: bytes, passphrase: bytes) -> None:
    key_file, certificate_file = pair(folder, name)
    write_new(key_file, key.encrypted_pem(passphrase))
    write_new(certificate_file, certificates, 0o644)

"""A small authority with real SM2 keys, a seal, and a minimal OFD to put it on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from core.digest import sm3
from documents.package import Package
from signing import der, oids
from signing.certificate_making import Wish, make_certificate
from signing.certificates import Certificate, Usage
from signing.der import Tag
from signing.file_key import FileKey
from signing.ofd.seal import Stamp, seal
from signing.port import sign_message
from signing.seal.making import SealDraft, make_seal
from signing.seal.parts import Seal
from signing.seal.port import LocalSealer
from signing.sm2 import PrivateKey

#: The moment most seals of these tests are made; verified a day later.
SEALED_AT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
#: The smallest PNG: one pixel.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8cfc0f01f"
    "00050001ff56c72f0d0000000049454e44ae426082"
)
NS = 'xmlns:ofd="http://www.ofdspec.org/2016"'
SIGNS = Usage.DIGITAL_SIGNATURE | Usage.NON_REPUDIATION


@dataclass
class Authority:
    """Makes whatever certificate, seal or token a test wants."""

    root_key: PrivateKey
    root: bytes
    serial: int = 100

    def issue(
        self,
        name: str,
        organisation: str = "测试机构",
        *,
        usage: Usage = SIGNS,
        begin: datetime = SEALED_AT - timedelta(days=30),
        end: datetime = SEALED_AT + timedelta(days=365),
        extended: tuple[str, ...] = (),
        by: FileKey | None = None,
        by_key: PrivateKey | None = None,
        is_authority: bool = False,
        path_length: int | None = None,
    ) -> tuple[PrivateKey, FileKey]:
        """A key and its certificate, from the root or from `by`."""
        self.serial += 1
        key = PrivateKey.generate()
        wish = Wish(
            name=((oids.COUNTRY, "CN"), (oids.ORGANISATION, organisation), (oids.COMMON_NAME, name)),
            serial=self.serial,
            not_before=begin,
            not_after=end,
            usage=usage,
            is_authority=is_authority,
            path_length=path_length,
            extended=extended,
        )
        issuer = Certificate.read(self.root if by is None else by.certificate)
        return key, FileKey(key, make_certificate(wish, key.point, by_key or self.root_key, issuer))

    def token(self, tsa: FileKey, stamped: bytes, at: datetime) -> bytes:
        """An RFC 3161 token over SM3(stamped)."""
        certificate = Certificate.read(tsa.certificate)
        algorithm = der.sequence(der.oid(oids.SM3))
        info = der.sequence(
            der.integer(1),
            der.oid("1.2.3.4"),
            der.sequence(algorithm, der.octets(sm3(stamped))),
            der.integer(7),
            der.generalized_time(at),
        )
        attributes = b"".join(
            sorted(
                der.sequence(der.oid(kind), der.wrap(Tag.SET, value))
                for kind, value in (
                    (oids.CONTENT_TYPE, der.oid(oids.TST_INFO)),
                    (oids.MESSAGE_DIGEST, der.octets(sm3(info))),
                )
            )
        )
        signer = der.sequence(
            der.integer(1),
            der.sequence(certificate.issuer, der.integer(certificate.serial)),
            algorithm,
            der.wrap(Tag.CONTEXT_0, attributes),
            der.sequence(der.oid(oids.SM2_WITH_SM3)),
            der.octets(sign_message(tsa, der.wrap(Tag.SET, attributes))),
        )
        signed = der.sequence(
            der.integer(3),
            der.wrap(Tag.SET, algorithm),
            der.sequence(der.oid(oids.TST_INFO), der.wrap(Tag.CONTEXT_0, der.octets(info))),
            der.wrap(Tag.CONTEXT_0, certificate.raw),
            der.wrap(Tag.SET, signer),
        )
        return der.sequence(der.oid(oids.PKCS7_SIGNED_DATA), der.wrap(Tag.CONTEXT_0, signed))


@dataclass
class World:
    """One bureau's keys and seal, and what seals with them."""

    authority: Authority
    maker: FileKey
    signer: FileKey
    signer_key: PrivateKey
    seal: Seal

    @property
    def root(self) -> bytes:
        return self.authority.root

    def draft(self, **changes: object) -> SealDraft:
        """The usual seal, with changes."""
        usual: dict[str, object] = {
            "vendor": "TEST",
            "es_id": "42011200000001",
            "kind": 4,
            "name": "某区行政审批局电子证照专用章（测试）",
            "users": (self.signer.certificate,),
            "created": SEALED_AT - timedelta(days=20),
            "valid_from": SEALED_AT - timedelta(days=20),
            "valid_to": SEALED_AT + timedelta(days=345),
            "picture_type": "PNG",
            "picture": PIXEL,
            "width_mm": 42,
            "height_mm": 42,
        }
        return SealDraft(**(usual | changes))  # type: ignore[arg-type]

    def sealed(self, package: Package | None = None, **changes: object) -> Package:
        """The minimal document under the usual seal, with changes to the arguments of `LocalSealer` and `seal`."""
        usual: dict[str, object] = {
            "seal": self.seal,
            "signer": self.signer,
            "timestamp": None,
            "stamps": [Stamp(0, 140, 220, 42, 42)],
            "at": SEALED_AT,
        }
        asked = usual | changes
        sealer = LocalSealer(asked.pop("seal"), asked.pop("signer"), asked.pop("timestamp"))  # type: ignore[arg-type]
        return seal(minimal_ofd() if package is None else package, sealer, **asked)  # type: ignore[arg-type]


def minimal_ofd(pages: int = 1) -> Package:
    """The least a sealable document has: entry, root, pages."""
    listed = "".join(f'<ofd:Page ID="{10 + n}" BaseLoc="Pages/Page_{n}/Content.xml"/>' for n in range(pages))
    files = {
        "OFD.xml": f'<ofd:OFD {NS} Version="1.0" DocType="OFD"><ofd:DocBody><ofd:DocInfo><ofd:DocID>'
        f"{'0' * 32}</ofd:DocID></ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>",
        "Doc_0/Document.xml": f"<ofd:Document {NS}><ofd:CommonData><ofd:MaxUnitID>99</ofd:MaxUnitID><ofd:PageArea>"
        "<ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea></ofd:CommonData>"
        f"<ofd:Pages>{listed}</ofd:Pages></ofd:Document>",
    }
    for number in range(pages):
        files[f"Doc_0/Pages/Page_{number}/Content.xml"] = f"<ofd:Page {NS}><ofd:Content/></ofd:Page>"
    return Package({name: text.encode() for name, text in files.items()})


@pytest.fixture(scope="session")
def authority() -> Authority:
    """A root of trust, new in every run."""
    key = PrivateKey.generate()
    wish = Wish(
        name=((oids.COUNTRY, "CN"), (oids.COMMON_NAME, "测试根")),
        serial=1,
        not_before=SEALED_AT - timedelta(days=1000),
        not_after=SEALED_AT + timedelta(days=9000),
        usage=Usage.KEY_CERT_SIGN | Usage.CRL_SIGN,
        is_authority=True,
    )
    return Authority(key, make_certificate(wish, key.point, key))


@pytest.fixture(scope="session")
def world(authority: Authority) -> World:
    """A bureau with its key, certificate and seal."""
    _, maker = authority.issue("测试制章者")
    key, signer = authority.issue("42011200000001", "11420112MB0000000M某区行政审批局（测试）")
    made = World(authority, maker, signer, key, None)  # type: ignore[arg-type]
    made.seal = make_seal(made.draft(), maker)
    return made


@pytest.fixture(scope="session")
def ofd() -> Callable[..., Package]:
    """Builds the minimal document."""
    return minimal_ofd


@pytest.fixture(scope="session")
def sealed_at() -> datetime:
    """When the usual seal is put on."""
    return SEALED_AT

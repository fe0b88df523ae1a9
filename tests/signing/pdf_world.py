"""An authority for PDF (P-256, made by `cryptography`), its keys, and a licence under a bureau's seal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from documents.licence import LicencePage, SheetKind
from documents.pdf import PdfDocument, draw
from documents.seal_picture import draw as draw_picture
from signing.ec_key import EcFileKey
from signing.pdf.sealing import PdfSeal, PdfSealer
from signing.pdf.stamps import stamp
from signing.timestamp_making import LocalAuthority

AT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
DAY = timedelta(days=1)
CREDIT_CODE = "11420112MB0000000M"
ES_ID = "42011200000001"
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Node:
    """A key with its certificate."""

    key: Key
    certificate: x509.Certificate

    @property
    def raw(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def signer(self) -> EcFileKey:
        return EcFileKey(self.key, self.raw)

    def issue(
        self,
        common: str,
        organisation: str = "测试机构",
        *,
        purpose: x509.ObjectIdentifier | None = None,
        begin: datetime = AT - 30 * DAY,
        end: datetime = AT + 365 * DAY,
        authority: bool = False,
        signs: bool = True,
        key: Key | None = None,
    ) -> Node:
        """A certificate from this authority."""
        return issue(
            common,
            organisation,
            by=self,
            purpose=purpose,
            begin=begin,
            end=end,
            authority=authority,
            signs=signs,
            key=key,
        )

    def revocation_list(self, *revoked: tuple[Node, datetime], made: datetime = AT + 10 * DAY) -> bytes:
        """This authority's list (DER)."""
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.certificate.subject)
        builder = builder.last_update(made).next_update(made + 30 * DAY)
        builder = builder.add_extension(x509.CRLNumber(1), critical=False)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
        )
        for node, when in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(node.certificate.serial_number)
            builder = builder.add_revoked_certificate(entry.revocation_date(when).build())
        return builder.sign(self.key, SHA256()).public_bytes(Encoding.DER)


def issue(
    common: str,
    organisation: str = "测试机构",
    *,
    by: Node | None = None,
    purpose: x509.ObjectIdentifier | None = None,
    begin: datetime = AT - 1000 * DAY,
    end: datetime = AT + 9000 * DAY,
    authority: bool = False,
    signs: bool = True,
    key: Key | None = None,
) -> Node:
    """A certificate; self-signed without `by`."""
    own = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )
    issuer_key = own if by is None else by.key
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name if by is None else by.certificate.subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=not authority and signs,
                content_commitment=not authority and signs and purpose is None,
                key_encipherment=not signs,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=authority,
                crl_sign=authority,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if purpose is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
    return Node(own, builder.sign(issuer_key, SHA256()))


@dataclass(frozen=True)
class Stopped:
    """A clock that stands."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment


@dataclass(frozen=True)
class PdfWorld:
    """One bureau's key for PDF under an intermediate, and an authority for timestamps."""

    root: Node
    intermediate: Node
    bureau: Node
    tsa: Node
    seal: PdfSeal

    def stamps(self, at: datetime = AT + timedelta(seconds=2), tsa: Node | None = None) -> Callable[[bytes], bytes]:
        """A timestamp authority whose clock stands at `at`."""
        return LocalAuthority((tsa or self.tsa).signer, clock=Stopped(at)).token_sha256

    def sealer(self, by: Node | None = None, **changes: Any) -> PdfSealer:
        """The usual sealer (B-T), with changes."""
        usual = {"chain": (self.intermediate.raw,), "timestamp": self.stamps()} | changes
        return PdfSealer((by or self.bureau).signer, self.seal, **usual)

    def sealed(self, at: datetime = AT, **changes: Any) -> bytes:
        """The usual licence under the usual seal, with changes to the sealer."""
        return self.sealer(**changes).seal(document(), at)


def page(template: str = "food", sheet: SheetKind = SheetKind.ORIGINAL, **changed: str) -> LicencePage:
    """A made-up licence."""
    told = {
        "identifier": "1.2.156.3005.2.11420000000000000Y001.11420112MB0000000M.2026030200000001.001.K",
        "organ": "某区行政审批局（测试）",
        "issued": "二〇二六年三月二日",
        "number": "JY24201120000017",
        "holder": "武汉小满餐饮管理有限公司",
        "holder_code": "91420112MA4K000X1Q",
        "legal_rep": "欧阳䶮",
        "address": "湖北省武汉市东西湖区环湖路57号（10）",
        "scope": "热食类食品制售；冷食类食品制售；自制饮品制售。",
        "valid": "2031年3月1日",
    }
    return LicencePage(
        template=template,
        fields=told | changed,
        metadata={"ZZMC": "食品经营许可证"},
        data_xml="<证照><经营者名称>武汉小满餐饮管理有限公司</经营者名称></证照>".encode(),
        qr_text="https://hub.example/verify?id=1.2.156.3005.2",
        doc_id="0123456789abcdef0123456789abcdef",
        title="食品经营许可证",
        creator="Yizheng Hub",
        created=date(2026, 3, 2),
        test_mark=True,
        sheet=sheet,
    )


@cache
def document() -> PdfDocument:
    """The usual licence, drawn."""
    return draw(page())


def document_set() -> PdfDocument:
    """正本 and 副本 with an annex, so that there are several pages."""
    one = page(scope="热食类食品制售；" * 60)
    return draw(one, replace(one, sheet=SheetKind.COPY))


@cache
def world() -> PdfWorld:
    """New in every run, the same for all tests of it."""
    root = issue("测试根", authority=True)
    intermediate = root.issue("测试中间机构", authority=True)
    return PdfWorld(
        root,
        intermediate,
        intermediate.issue(ES_ID, f"{CREDIT_CODE}某区行政审批局（测试）"),
        root.issue("测试时间戳", purpose=ExtendedKeyUsageOID.TIME_STAMPING),
        PdfSeal.of(
            "某区行政审批局电子证照专用章（测试）", draw_picture("某区行政审批局", "电子证照专用章", CREDIT_CODE)
        ),
    )


def forged(contents: Callable[[bytes], bytes], drawn: PdfDocument | None = None, room: int = 8000) -> bytes:
    """The usual licence with whatever `contents` makes of the SHA-256 of its bytes as signature."""
    made, chosen = world(), drawn or document()
    stamped = stamp(made.seal.picture, made.seal.name, chosen.pages, chosen.places, chosen.next_number)
    begin = b"%d 0 obj\n<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/M(D:20260302093000+08'00')" % (
        stamped.signature
    )
    blank = b"%b/ByteRange[0 %b]/Contents<%b>>>\nendobj\n" % (begin, b"0" * 32, b"0" * 2 * room)
    *parts, _, table = chosen.parts((*stamped.objects, blank), stamped.catalog, stamped.annotations)
    before = b"".join(parts) + begin
    opens = len(before) + len(b"/ByteRange[0 ]/Contents") + 32
    after = b">>\nendobj\n" + table
    before += b"/ByteRange[0 %-10d %-10d %-10d]/Contents" % (opens, opens + 2 * room + 2, len(after))
    signed = contents(sha256(before + after).digest())
    return b"%b<%b>%b" % (before, signed.hex().encode().ljust(2 * room, b"0"), after)

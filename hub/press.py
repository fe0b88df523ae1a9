"""The sealing press: the bureau's seal, the signer that holds its key, and whom this hub trusts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import ClassVar

from core.errors import Permanent
from core.settings import Mode, Settings
from documents.licence import Place
from documents.package import Package
from signing import detached
from signing.certificates import Certificate
from signing.demo_pki import open_keys, says_test
from signing.ofd.seal import Stamp, seal
from signing.ofd.verify import verify
from signing.port import Signer
from signing.report import Expectation, Report
from signing.seal.port import LocalSealer, Sealer
from signing.trust import Trust

#: Folder of the demo keys below the keys folder.
DEMO = "demo"


class DemoSealRefused(Permanent):
    """In production mode a demo key or a seal that says 测试 was about to be used."""

    code: ClassVar[str] = "HUB-709"


@dataclass(frozen=True, slots=True)
class Bureau:
    """Who issues, as the signer's certificate and the seal say it: face, identifier, seal and signer name one organ."""

    name: str
    credit_code: str
    signer: str
    seal_id: str
    seal_name: str


@dataclass(frozen=True, slots=True)
class Press:
    """Ready to seal. `is_test` marks a seal that has no legal force."""

    bureau: Bureau
    sealer: Sealer
    signer: Signer
    trust: Trust
    is_test: bool

    @classmethod
    def open(cls, settings: Settings) -> Press:
        """The press of this installation; so far the demo keys are the only ones there is a way to configure.

        Raises:
            DemoSealRefused: production mode, and the seal says 测试.
            DemoKeysBroken, KeyRefused, CertificateRefused: the keys folder is incomplete or was changed.
        """
        keys = open_keys(settings.keys / DEMO)
        is_test = says_test(keys.seal)
        if is_test and settings.mode is Mode.PRODUCTION:
            raise DemoSealRefused(
                "production mode refuses the demo seal; nothing was sealed. Configure the bureau's own seal and signer."
            )
        organisation = Certificate.read(keys.signer.certificate).organisation
        bureau = Bureau(
            # Government signers carry the credit code followed by the organ's name.
            name=organisation[18:],
            credit_code=organisation[:18],
            signer=organisation[18:],
            seal_id=keys.seal.es_id,
            seal_name=keys.seal.name,
        )
        return cls(
            bureau,
            LocalSealer(keys.seal, keys.signer),
            keys.signer,
            Trust.of([keys.root, keys.tsa.certificate]),
            is_test,
        )

    def seal(self, package: Package, places: Sequence[Place], at: datetime) -> bytes:
        """The document under the bureau's seal, locked, as bytes.

        Raises:
            NotSealable, SealRefused: the document or the seal is not fit at this time.
            SignerUnavailable, KeyRefused, TimestampUnavailable: from the sealer.
        """
        stamps = [Stamp(**asdict(place)) for place in places]
        return seal(package, self.sealer, stamps=stamps, at=at).to_bytes()

    def verify(self, data: bytes, at: datetime) -> Report:
        """Our own verifier's report, with the expectation that this bureau and nobody else sealed, once."""
        expect = Expectation(
            credit_code=self.bureau.credit_code,
            es_id=self.bureau.seal_id,
            seals=1,
            makers=(self.sealer.seal.maker_certificate,),
        )
        return verify(data, trust=self.trust, at=at, expect=expect)

    def sign_detached(self, data: bytes, at: datetime) -> bytes:
        """A detached signature of the bureau over some bytes, e.g. a package's digest list."""
        return detached.sign_detached(data, self.signer, at)

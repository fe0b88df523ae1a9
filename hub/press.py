"""The sealing press: the bureau's seal, the signer that holds its key, the timestamps, and whom this hub trusts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from core.clock import Clock
from core.digest import sm3
from core.errors import Permanent
from core.settings import Mode, Settings
from documents.licence import Place
from documents.package import Package
from hub.certificates import facts_of
from hub.press_file import (
    KeyFile,
    KeyOnPlatform,
    KeyOnToken,
    Platform,
    PressFile,
    PressUnset,
    SealBeside,
    SealOnPlatform,
    TimestampPart,
    press_file_of,
)
from hub.trust import DEMO, ders_in, trust_of_press
from signing import detached
from signing.certificates import Certificate
from signing.demo_pki import open_keys, says_test
from signing.errors import KeyRefused, SealRefused
from signing.file_key import FileKey
from signing.ofd.layout import Files
from signing.ofd.seal import Stamp, seal
from signing.ofd.verify import verify
from signing.port import Algorithm, Signer
from signing.report import Expectation, Report
from signing.seal.parts import Seal
from signing.seal.port import LocalSealer, Sealer
from signing.trust import Trust

if TYPE_CHECKING:
    from signing.platform_client import PlatformClient
    from signing.tsa import TimestampClient

__all__ = ["DEMO", "Bureau", "DemoSealRefused", "Press", "PressUnset"]

#: How long to wait for a connection to a timestamp authority, in seconds; the answer has the configured time.
_CONNECT_SECONDS = 2.0


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
    """Ready to seal. `is_test` marks a seal that has no legal force.

    `signer` makes detached signatures, as over a package's digest list; None where the seal is on a platform and
    `press.toml` names no key for them.
    """

    bureau: Bureau
    sealer: Sealer
    signer: Signer | None
    trust: Trust
    is_test: bool

    @classmethod
    def open(cls, settings: Settings, *, timestamps: bool = True) -> Press:
        """The press that `press.toml` describes; in demo mode, where the file names no seal, the demo keys.

        Args:
            timestamps: False for a press that asks for none, whatever the file says; it is not to seal with.

        Raises:
            PressUnset: production mode, and no seal is configured.
            PressMalformed: the file is not as it must be.
            DemoSealRefused: production mode, and the seal says 测试.
            DemoKeysBroken, KeyRefused, CertificateRefused, SealRefused: key, certificate or seal is absent or unfit.
            SignerUnavailable: a Retryable; token or platform does not answer.
        """
        file = press_file_of(settings)
        timestamp = timestamp_client(file.timestamp) if timestamps and file.timestamp is not None else None
        sealer, signer = _sealer(settings, file, timestamp)
        is_test = says_test(sealer.seal)
        if is_test and settings.mode is Mode.PRODUCTION:
            raise DemoSealRefused(
                "production mode refuses the demo seal; nothing was sealed. Configure the bureau's own seal and signer."
            )
        if file.signature is not None:
            signer = sm2_only(open_key(file.signature), "[signature]")
        organisation = Certificate.read(sealer.certificate).organisation
        bureau = Bureau(
            # Government signers carry the credit code followed by the organ's name.
            name=organisation[18:],
            credit_code=organisation[:18],
            signer=organisation[18:],
            seal_id=sealer.seal.es_id,
            seal_name=sealer.seal.name,
        )
        return cls(bureau, sealer, signer, trust_of_press(settings, file), is_test)

    @property
    def seal_sm3(self) -> bytes:
        """By which the register of seals knows this seal."""
        return sm3(self.sealer.seal.raw)

    def seal(self, package: Package, places: Sequence[Place], at: datetime) -> bytes:
        """The document under the bureau's seal, locked, as bytes.

        Raises:
            NotSealable, SealRefused: the document or the seal is not fit at this time.
            SignerUnavailable, KeyRefused, TimestampUnavailable: from the sealer.
        """
        stamps = [Stamp(**asdict(place)) for place in places]
        return seal(package, self.sealer, stamps=stamps, at=at).to_bytes()

    def verify(self, data: bytes | Files, at: datetime) -> Report:
        """Our own verifier's report on a file, with the expectation that this bureau and nobody else sealed, once."""
        expect = Expectation(
            credit_code=self.bureau.credit_code,
            es_id=self.bureau.seal_id,
            seals=1,
            makers=(self.sealer.seal.maker_certificate,),
        )
        return verify(data, trust=self.trust, at=at, expect=expect)

    def sign_detached(self, data: bytes, at: datetime) -> bytes:
        """A detached signature of the bureau over some bytes, e.g. a package's digest list.

        Raises:
            PressUnset: the seal is on a platform, and no other key is configured for this.
            SignerUnavailable, KeyRefused: from the signer.
        """
        if self.signer is None:
            raise PressUnset(
                "the seal is on a platform, which signs nothing but seals; nothing was signed. "
                "Give press.toml a section [signature] with the bureau's key for archive packages."
            )
        return detached.sign_detached(data, self.signer, at)


def open_key(key: KeyFile | KeyOnToken | KeyOnPlatform) -> Signer:
    """An SM2 signer in a file, or what the token or platform holds.

    Raises:
        KeyRefused, CertificateRefused: the key is absent, locked, or not its certificate's.
        SignerUnavailable: a Retryable; token or platform does not answer.
    """
    match key:
        case KeyFile():
            return FileKey.open(key.key_file, key.certificate_file, key.passphrase_file)
        case KeyOnToken():
            return open_token(key)
    from signing.seal_platform import RemoteKey

    certificate = ders_in(_read(key.certificate_file))[0]
    return RemoteKey(_client(key.platform), key.key_name, certificate)


def _client(platform: Platform) -> PlatformClient:
    # Imported when there is a platform: it brings an HTTP client.
    from signing.platform_client import PlatformClient

    return PlatformClient(
        platform.url, key_id=platform.key_id, secret_file=platform.secret_file, ca_file=platform.ca_file
    )


def open_token(key: KeyOnToken) -> Signer:
    """The signer on a PKCS#11 token. Raises as `open_key`."""
    # Imported when there is a token: it loads the driver's library.
    from signing.token_key import TokenKey, TokenPlace

    certificate = _read(key.certificate_file) if key.certificate_file is not None else None
    place = TokenPlace(key.module, key.token, key.pin_file, key.key_label, sm2_mechanism=key.mechanism)
    return TokenKey(place, _algorithm(key, certificate), certificate)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeyRefused(
            f"{path} cannot be read ({error.strerror}); nothing was signed. Restore it, or correct press.toml."
        ) from None


def _algorithm(key: KeyOnToken, certificate: bytes | None) -> Algorithm:
    if key.algorithm or certificate is None:
        return Algorithm(key.algorithm)
    kind = facts_of(ders_in(certificate)[0], datetime.now(UTC)).algorithm
    if kind == "SM2":
        return Algorithm.SM2_SM3
    return Algorithm.RSA_SHA256 if kind.startswith("RSA") else Algorithm.ECDSA_SHA256


def sm2_only(signer: Signer, what: str) -> Signer:
    """The signer, when its key is SM2. Raises KeyRefused when not."""
    if signer.algorithm is not Algorithm.SM2_SM3:
        raise KeyRefused(f"the key of {what} in press.toml is no SM2 key; nothing was signed. Configure one.")
    return signer


def timestamp_client(part: TimestampPart, clock: Clock | None = None) -> TimestampClient:
    """A client of the configured authority; nothing is asked yet.

    Args:
        clock: that the authority's is compared with, the machine's own by default.

    Raises:
        KeyRefused: the authority's certificate file cannot be read.
    """
    from signing.tsa import TimestampClient, WhenDown

    pinned = ders_in(_read(part.certificate_file)) if part.certificate_file is not None else []
    return TimestampClient(
        part.url,
        when_down=WhenDown(part.when_down),
        certificates=pinned,
        ca_file=str(part.ca_file) if part.ca_file is not None else None,
        connect_seconds=min(_CONNECT_SECONDS, part.timeout_seconds),
        read_seconds=part.timeout_seconds,
        clock=clock,
    )


def _sealer(settings: Settings, file: PressFile, timestamp: TimestampClient | None) -> tuple[Sealer, Signer | None]:
    match file.seal:
        case SealOnPlatform():
            from signing.seal_platform import SealPlatform

            return SealPlatform(_client(file.seal.platform), file.seal.seal_id, timestamp=timestamp), None
        case SealBeside():
            signer = sm2_only(open_key(file.seal.key), "[seal]")
            return LocalSealer(_read_seal(file.seal), signer, timestamp), signer
    if settings.mode is Mode.PRODUCTION:
        raise PressUnset(
            f"production mode, and {file.path} configures no seal: nothing was sealed. Write its section [seal]; "
            "hub/press.example.toml explains every key."
        )
    keys = open_keys(settings.keys / DEMO)
    return LocalSealer(keys.seal, keys.signer, timestamp), keys.signer


def _read_seal(part: SealBeside) -> Seal:
    try:
        return Seal.read(part.seal_file.read_bytes())
    except OSError as error:
        raise SealRefused(
            f"the seal {part.seal_file} cannot be read ({error.strerror}); nothing was sealed. Restore the file."
        ) from None

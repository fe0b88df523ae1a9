"""`HUB_HOME/peers.toml`: the hubs of other organs this one hands archives to and takes them from."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from connectors.endpoints import HostKey, HubUrl
from core.errors import Permanent
from core.settings import Mode, Settings
from hub.press_file import press_file_of
from hub.trust import DEMO, Revocation, anchors_of, ders_in, read_anchors, read_lists, trust_of
from schemas.declared import Declared, told_of
from schemas.errors import IdentifierRefused
from schemas.identifiers.credit import CreditCode
from signing.demo_pki import open_encryption_key
from signing.file_decrypter import open_decrypter
from signing.port import Decrypter
from signing.trust import Trust

PEERS: Final = "peers.toml"


class PeersUnfit(Permanent):
    """`peers.toml` is absent, cannot be read, or says something that cannot be."""

    code: ClassVar[str] = "HUB-823"


class PeerUnknown(Permanent):
    """No other hub of this name is configured."""

    code: ClassVar[str] = "HUB-824"


class KeyFiles(Declared):
    """A private key in an encrypted PKCS#8 file."""

    key_file: Path
    certificate_file: Path
    passphrase_file: Path


class Ours(Declared):
    """Our own part.

    Attributes:
        encryption: what opens envelopes sealed to us; in demo mode the demo's own where none is named.
        notice_prefix: of the numbers of our notices.
    """

    encryption: KeyFiles | None = None
    notice_prefix: str = "迁函"


class Clocks(Declared):
    """Periods of a transfer.

    Attributes:
        months: for all archives to be handed over, by the calendar (实施细则 art. 62).
        answer_days, void_days: after which the letter should have been acted on, and is void; a local example.
        days: whether those two are working days or days of the calendar.
        verified: whether somebody compared them with the rules in force here.
    """

    months: int = Field(default=3, ge=1, le=12)
    answer_days: int = Field(default=30, ge=1, le=366)
    void_days: int = Field(default=60, ge=1, le=366)
    days: Literal["working", "calendar"] = "working"
    verified: bool = False


class FolderRoute(Declared):
    """A share, or a medium that is carried over."""

    kind: Literal["folder"]
    folder: Path


class SftpRoute(Declared):
    """A server between the two hubs. `host_key` is pinned; `password_file` or `key_file` proves who we are.

    Attributes:
        out, into: folders there: for our letters, and for those to us.
    """

    kind: Literal["sftp"]
    host: str
    port: int = Field(default=22, ge=1, le=65535)
    username: str
    password_file: Path | None = None
    key_file: Path | None = None
    host_key: HostKey
    out: str
    into: str

    @model_validator(mode="after")
    def _one_proof(self) -> Self:
        if (self.password_file is None) == (self.key_file is None):
            raise ValueError("give either password_file or key_file")
        return self


class HttpsRoute(Declared):
    """The two hubs' own inboxes.

    Attributes:
        url: of the other hub.
        key_id, key_file: what it calls us in its access file, and our Ed25519 key (PEM).
        inbox: what our access file calls its organisation, and so its folder of our inbox.
    """

    kind: Literal["https"]
    url: HubUrl
    key_id: str
    key_file: Path
    ca_file: Path | None = None
    inbox: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")


class Peer(Declared):
    """Another hub.

    Attributes:
        name: by which it is called here, in commands and in the register.
        organ, credit_code: of whoever keeps that archive; its certificate names both.
        envelope: its certificate for encryption.
        trust: roots its signatures, heads and seals are trusted by, besides our own.
        accept: whether its notices are accepted by the hub itself where nothing speaks against it, or by an officer.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")
    organ: str
    credit_code: str
    envelope: Path
    trust: tuple[Path, ...] = ()
    accept: Literal["officer", "automatic"] = "officer"
    route: FolderRoute | SftpRoute | HttpsRoute = Field(discriminator="kind")

    @field_validator("credit_code")
    @classmethod
    def _right(cls, value: str) -> str:
        try:
            return CreditCode.parse(value).text
        except IdentifierRefused as error:
            raise ValueError(str(error)) from None


class _File(Declared):
    hub: Ours = Ours()
    clocks: Clocks = Clocks()
    peers: tuple[Peer, ...] = ()


@dataclass(frozen=True, slots=True)
class Peers:
    """The file, read. Paths in it are relative to the home folder."""

    settings: Settings
    ours: Ours
    clocks: Clocks
    peers: tuple[Peer, ...]

    @classmethod
    def of(cls, settings: Settings) -> Peers:
        """Read it.

        Raises:
            PeersUnfit: it is absent or not as it must be.
        """
        path = settings.home / PEERS
        try:
            file = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except OSError as error:
            raise PeersUnfit(
                f"{path} cannot be read ({error.strerror}); no archive was moved. docs/transfer.md has an example."
            ) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise PeersUnfit(f"{path} is no TOML file: {error}. Correct it; no archive was moved.") from None
        except ValidationError as error:
            raise PeersUnfit(f"{path}: {told_of(error)}. Correct it; no archive was moved.") from None
        for what, values in (
            ("name", [peer.name for peer in file.peers]),
            ("credit_code", [peer.credit_code for peer in file.peers]),
        ):
            if len(set(values)) != len(values):
                raise PeersUnfit(f"{path}: two peers have the same {what}. Correct it; no archive was moved.")
        return cls(settings, file.hub, file.clocks, file.peers)

    def named(self, name: str) -> Peer:
        """One of them.

        Raises:
            PeerUnknown: there is none.
        """
        for peer in self.peers:
            if peer.name == name:
                return peer
        known = ", ".join(peer.name for peer in self.peers)
        raise PeerUnknown(f"{PEERS} names no peer {name!r}; nothing was done. It names: {known or 'nobody'}.")

    def key(self) -> Decrypter:
        """What opens envelopes sealed to us.

        Raises:
            PeersUnfit: production mode, and none is named.
            KeyRefused, CertificateRefused, DemoKeysBroken: files are absent, or no pair.
        """
        named, home = self.ours.encryption, self.settings.home
        if named is not None:
            return open_decrypter(home / named.key_file, home / named.certificate_file, home / named.passphrase_file)
        if self.settings.mode is Mode.PRODUCTION:
            raise PeersUnfit(
                f"{PEERS} names no [hub.encryption], the key that opens what is sealed to us; no archive was moved."
            )
        return open_encryption_key(self.settings.keys / DEMO)

    def anchors(self, peer: Peer) -> list[bytes]:
        """Certificates that what comes from a peer is trusted by: ours, and the peer's own.

        Raises:
            CertificateRefused: one cannot be read.
        """
        return [*anchors_of(self.settings), *read_anchors([self.settings.home / path for path in peer.trust])]

    def trust(self, peer: Peer) -> Trust:
        """The same as a trust, with the revocation lists we know. Raises as `hub.trust.trust_of`."""
        return trust_with(self.settings, self.anchors(peer))

    def envelope(self, peer: Peer) -> bytes:
        """A peer's certificate for encryption, DER.

        Raises:
            PeersUnfit: the file cannot be read.
        """
        path = self.settings.home / peer.envelope
        try:
            return ders_in(path.read_bytes())[0]
        except OSError as error:
            raise PeersUnfit(
                f"the certificate {path} of peer {peer.name} cannot be read ({error.strerror}); nothing was sent."
            ) from None


def configured(settings: Settings) -> bool:
    """Whether this hub moves archives at all."""
    return (settings.home / PEERS).exists()


def trust_with(settings: Settings, anchors: list[bytes]) -> Trust:
    """Whom these certificates make us trust, with the revocation lists `press.toml` names. Raises as `trust_of`."""
    return trust_of(settings, anchors, Revocation(read_lists(press_file_of(settings).revocation.lists)))


def anchors_of_holdings(settings: Settings) -> list[bytes]:
    """Certificates that packages in the archive are trusted by: ours, and those of peers they came from.

    Raises:
        PeersUnfit, CertificateRefused: from `peers.toml`.
    """
    found = anchors_of(settings)
    if configured(settings):
        peers = Peers.of(settings)
        found += [one for peer in peers.peers for one in read_anchors([settings.home / path for path in peer.trust])]
    return found

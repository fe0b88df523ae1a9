"""The three ways to ask whether a licence is good: the QR code's token, identifier and number, the file itself.

Whoever asks is a stranger. What does not fit together is answered as what is not there, after the same questions to the
store, so that nothing can be found out by trying.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

from core.clock import Clock
from core.digest import sm3
from core.errors import HubError
from core.settings import Settings
from documents.errors import NotReadable
from documents.package import ContainerRefused, Package
from documents.reader import Reader
from documents.xml import XmlRefused
from hub.checking import Checked, CopyTold, Known, Registered, Way, judge_certificate, judge_file, judge_register
from hub.checking_certificate import certificate_by_file, certificate_by_token
from hub.checking_told import registered
from hub.context import Hub
from hub.designation import digest_of
from hub.verify import verify_file
from schemas.errors import IdentifierRefused
from schemas.identifiers.licence import LicenceId
from schemas.text import narrowed, trimmed
from store import annotated, checked, licences
from store.annotated import AnnotatedCopy
from store.licences import LicenceVersion

_LOG = logging.getLogger(__name__)

#: Documents that anybody may have in his hand.
_SHOWN: Final = ("published", "archived")
#: What people type for the brackets of a licence number, and blanks that come along when it is copied.
_OPENING: Final = str.maketrans({"[": "〔", "【": "〔", "［": "〔", "]": "〕", "】": "〕", "］": "〕"})
_ROUND: Final = str.maketrans({"(": "（", ")": "）"})
_IDENTIFIER: Final = "ZZBS"
#: Longer than any token or number; what is longer is cut, and so is not there.
_LONGEST: Final = 200


def by_token(hub: Hub, token: str) -> Checked:
    """The verdict on the document, annotated copy or certificate of the archive whose QR code holds the token.

    Raises:
        StoreUnavailable: the register cannot be asked.
    """
    key = token_sm3(token)
    version = _published(licences.by_token(hub.connection, key))
    copy = _of_copy(hub, annotated.by_token(hub.connection, hub.vault, key)) if version is None else None
    if copy is not None:
        version = copy[0]
    certificate = certificate_by_token(hub, key) if version is None else None
    if certificate is not None:
        return judge_certificate(certificate, hub.clock.now())
    found = _found(hub, version, copy[1] if copy is not None else None)
    return judge_register(found, Way.CODE, hub.clock.now())


def by_number(hub: Hub, identifier: str, number: str) -> Checked:
    """The verdict on the document that bears both; one that bears only one of them is answered as none.

    Raises:
        StoreUnavailable: the register cannot be asked.
    """
    version = _published(licences.by_identifier(hub.connection, normal_identifier(identifier)))
    if version is not None and normal_number(version.number) != normal_number(number):
        version = None
    return judge_register(_found(hub, version), Way.NUMBER, hub.clock.now())


def by_file(settings: Settings, hubs: Callable[[], AbstractContextManager[Hub]], data: bytes, clock: Clock) -> Checked:
    """The verdict on a file (OFD or PDF). A register that cannot be asked is part of the answer, not an error.

    Raises:
        CertificateRefused, PressMalformed, LibcryptoMissing: this hub is set up wrongly.
    """
    report = verify_file(data, settings, at=clock.now())
    known: Known | None = None
    try:
        with hubs() as hub:
            known = _known(hub, data)
    except HubError as error:
        _LOG.warning("a file was judged without the register: %s", error)
    return judge_file(report, known, clock.now())


def token_sm3(token: str) -> bytes:
    """What the register knows a token by."""
    return digest_of(token[:_LONGEST])


def normal_identifier(typed: str) -> str:
    """An identifier as the register writes it; whatever is none stays as it is and is not there."""
    bare = re.sub(r"\s+", "", typed[:_LONGEST])
    try:
        return LicenceId.parse(bare).text
    except IdentifierRefused:
        return bare.replace("\x00", "")


def normal_number(typed: str) -> str:
    """A licence number in one form: without blanks, brackets and letters as one writes them, however typed."""
    bare = re.sub(r"\s+", "", narrowed(trimmed(typed[:_LONGEST])))
    return bare.translate(_OPENING).translate(_ROUND).upper()


def _published(version: LicenceVersion | None) -> LicenceVersion | None:
    return version if version is not None and version.state in _SHOWN else None


def _found(hub: Hub, version: LicenceVersion | None, copy: CopyTold | None = None) -> Registered | None:
    return registered(hub, version, copy) if version is not None else None


def _known(hub: Hub, data: bytes) -> Known:
    """What the register has under a file's SM3: a document, a PDF copy of one, or an annotated copy."""
    key = sm3(data)
    version, copy = licences.by_document(hub.connection, key), None
    if version is None and (of_pdf := checked.version_of_pdf(hub.connection, key)) is not None:
        version = licences.by_id(hub.connection, of_pdf)
    if version is None:
        found = _of_copy(hub, annotated.by_document_sm3(hub.connection, hub.vault, key))
        version, copy = found if found is not None else (None, None)
    document = _found(hub, _published(version), copy)
    certificate = certificate_by_file(hub, key) if document is None else None
    told = _identifier_in(data) if document is None else None
    tied = told is not None and _published(licences.by_identifier(hub.connection, told)) is not None
    return Known(document, tied, checked.organs(hub.connection), certificate)


def _identifier_in(data: bytes) -> str | None:
    """The identifier an OFD file says it has."""
    try:
        told = Reader(Package.read(data)).information().get(_IDENTIFIER, "")
    except (ContainerRefused, NotReadable, XmlRefused):
        return None
    return normal_identifier(told) or None


def _of_copy(hub: Hub, copy: AnnotatedCopy | None) -> tuple[LicenceVersion, CopyTold] | None:
    """An annotated copy with the document it repeats."""
    version = licences.by_id(hub.connection, copy.version) if copy is not None else None
    if copy is None or version is None:
        return None
    return version, CopyTold(copy.receiver, copy.cause, copy.made_at, copy.expires_at)

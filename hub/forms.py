"""Archive packages in the forms other archives read: ours, a BagIt bag, an EEP envelope, E-ARK's CSIP; out and in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from archive.bag import from_bag, to_bag
from archive.csip import from_csip, is_csip, to_csip
from archive.eep import from_eep, to_eep
from archive.opened import LIMITS
from archive.reading import read_case
from core.clock import Clock, SystemClock
from core.settings import Settings
from documents.package import Package
from hub.inspect import PackageReport, Stage, inspect_package
from hub.press import Press
from hub.trust import trust_of
from signing.detached import verify_detached


class Form(StrEnum):
    """A form of a package; the value is what a person types."""

    PACKAGE = "package"
    """归档信息包, a zip file."""
    BAG = "bag"
    """BagIt 1.0 (RFC 8493), one zip file."""
    EEP = "eep"
    """电子文件封装包 (DA/T 48-2009), one XML file."""
    CSIP = "csip"
    """E-ARK information package (CSIP: METS and PREMIS), one zip file."""


@dataclass(frozen=True, slots=True)
class BroughtIn:
    """A file that was read: the form it came in, the package in it, and the four-property check of that."""

    form: Form
    package: bytes
    electronic_file_no: str
    report: PackageReport


def export(package: bytes, form: Form, settings: Settings, clock: Clock | None = None) -> bytes:
    """The package in a form. An envelope is signed by the bureau's key.

    Raises:
        ContainerRefused, MetadataUnreadable, CaseUnfit, FormRefused: it is no package, or does not fit the form.
        PressUnset, KeyRefused, SignerUnavailable, HubError: from the press, for an envelope.
    """
    read_case(package)
    if form is Form.BAG:
        return to_bag(package)
    if form is Form.CSIP:
        return to_csip(package)
    if form is Form.EEP:
        now = (clock or SystemClock()).now()
        press = Press.open(settings)
        return to_eep(package, lambda signed: press.sign_detached(signed, now), now)
    return package


def bring_in(data: bytes, settings: Settings, *, stage: Stage = Stage.FILING) -> BroughtIn:
    """Read a file in any of the forms, and check the package in it. Nothing is stored.

    Args:
        stage: whose items are looked at; what comes from another archive is at transfer.

    Raises:
        ContainerRefused, FormRefused, MetadataUnreadable, CaseUnfit: it is none of them, or was changed.
        TrustUnknown: the signature of an envelope cannot be judged.
    """
    form = form_of(data)
    if form is Form.BAG:
        package = from_bag(data)
    elif form is Form.CSIP:
        package = from_csip(data)
    elif form is Form.EEP:
        trust = trust_of(settings)

        def judge(signed: bytes, signature: bytes) -> None:
            verify_detached(signed, signature, trust)

        package = from_eep(data, judge)
    else:
        package = data
    case = read_case(package)
    return BroughtIn(form, package, case.electronic_file_no, inspect_package(package, settings, stage=stage))


def form_of(data: bytes) -> Form:
    """Which form the bytes are in, by what they are and not by a name.

    Raises:
        ContainerRefused: neither XML nor a plain zip file.
    """
    if data[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return Form.EEP
    names = Package.read(data, LIMITS).entries
    if any(name.count("/") == 1 and name.endswith("/bagit.txt") for name in names):
        return Form.BAG
    return Form.CSIP if is_csip(names) else Form.PACKAGE

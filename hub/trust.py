"""Whom this hub trusts: the certificates of its trust folder, and outside production the demo's own."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from core.settings import Mode, Settings
from hub.press_file import PressFile, press_file_of
from signing.certificates import read_many
from signing.errors import CertificateFault, CertificateRefused
from signing.trust import Fetch, Trust

#: Folder of the demo keys below the keys folder, and its certificates that are trusted.
DEMO = "demo"
_DEMO_ANCHORS = ("root-cert.pem", "tsa-cert.pem", "pdf-root-cert.pem")
_TRUST = "trust"

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)
_PEM_LIST = re.compile(rb"-----BEGIN X509 CRL-----(.+?)-----END X509 CRL-----", re.DOTALL)
#: Object identifiers as they stand in DER: the SM2 curve, SM2 with SM3, ECDSA and RSA signatures, EC and RSA keys.
_SM2_CURVE = bytes.fromhex("06082a811ccf5501822d")
_SM2_SIGNATURE = bytes.fromhex("06082a811ccf55018375")
_OTHER_SIGNATURES = (bytes.fromhex("06082a8648ce3d0403"), bytes.fromhex("06092a864886f70d0101"))
_OTHER_KEYS = (bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06092a864886f70d010101"))


@dataclass(frozen=True, slots=True)
class Revocation:
    """What is known of revoked certificates: lists (CRL) and answers (OCSP), and whether more may be fetched."""

    lists: tuple[bytes, ...] = field(default=(), repr=False)
    answers: tuple[bytes, ...] = field(default=(), repr=False)
    fetch: bool = False
    networks: tuple[str, ...] = ()


def anchors_of(settings: Settings | None) -> list[bytes]:
    """The certificates this hub trusts: every PEM in `keys/trust/` (or the folder `press.toml` names), and outside
    production the demo's roots and timestamp authority.

    Raises:
        PressMalformed: there is a `press.toml`, and it is not as it must be.
    """
    if settings is None:
        return []
    folder = press_file_of(settings).trust_folder or settings.keys / _TRUST
    found = sorted(folder.glob("*.pem"))
    if settings.mode is Mode.DEMO:
        found += [path for name in _DEMO_ANCHORS if (path := settings.keys / DEMO / name).exists()]
    return [path.read_bytes() for path in found]


def read_anchors(paths: Sequence[Path]) -> list[bytes]:
    """Certificates from files, read once so that a wrong file is told apart from a wrong licence.

    Raises:
        CertificateRefused: a file holds no certificate that can be read.
    """
    given = [path.read_bytes() for path in paths]
    for data in given:
        for one in sm2_anchors([data]):
            read_many(one)
        _check_readable(other_anchors([data]))
    return given


def sm2_anchors(anchors: Iterable[bytes]) -> list[bytes]:
    """Those with an SM2 key, and whatever is no certificate at all, so that it is refused when it is read."""
    return [one for data in anchors for one in ders_in(data) if is_sm2(one)]


def other_anchors(anchors: Iterable[bytes]) -> list[bytes]:
    """Those with a P-256, RSA or other key that PDF readers know, DER."""
    return [one for data in anchors for one in ders_in(data) if not is_sm2(one)]


def trust_of(
    settings: Settings | None, anchors: Sequence[bytes] | None = None, revocation: Revocation | None = None
) -> Trust:
    """Given anchors and nothing else, or those of this hub with the revocation lists that `press.toml` names.

    Raises:
        CertificateRefused, RevocationListRefused, StatusAnswerRefused: one cannot be read.
        PressMalformed: from `press.toml`.
    """
    known = known_revocation(settings, anchors, revocation)
    whom = sm2_anchors(anchors if anchors is not None else anchors_of(settings))
    fetch = fetcher(known.networks) if known.fetch else None
    return Trust.of(whom, sm2_lists(known.lists), known.answers, fetch)


def trust_of_press(settings: Settings, file: PressFile) -> Trust:
    """Whom whoever seals, or looks after what was sealed, trusts: fetched is what `press.toml` says is to be fetched.

    Raises as `trust_of`.
    """
    known = file.revocation
    revocation = Revocation(read_lists(known.lists), fetch=known.fetch, networks=known.networks)
    return trust_of(settings, revocation=revocation)


def known_revocation(
    settings: Settings | None, anchors: Sequence[bytes] | None, revocation: Revocation | None
) -> Revocation:
    """What is given; or what `press.toml` says, unless others are to be trusted than it speaks of. Nothing is fetched
    but where the caller says so."""
    if revocation is not None:
        return revocation
    if settings is None or anchors is not None:
        return Revocation()
    return Revocation(read_lists(press_file_of(settings).revocation.lists))


@lru_cache(maxsize=4)
def fetcher(networks: tuple[str, ...]) -> Fetch:
    """What fetches lists and answers over the network; one for the process, as it remembers what it fetched.

    Args:
        networks: may be asked although they are not public.
    """
    # Imported when it is wanted: it brings an HTTP client.
    from signing.revocation.fetch import Fetcher
    from signing.revocation.web import Web

    return Fetcher(Web(networks))


def given_revocation(
    settings: Settings | None, lists: Sequence[Path], answers: Sequence[Path], *, fetch: bool
) -> Revocation | None:
    """Lists and answers from files, each read once so that a wrong file is told apart from a wrong licence; None when
    nothing was given.

    Raises:
        CertificateRefused, RevocationListRefused, StatusAnswerRefused: a file is not what it should be.
    """
    if not lists and not answers and not fetch:
        return None
    found = Revocation(
        read_lists(lists),
        tuple(path.read_bytes() for path in answers),
        fetch,
        press_file_of(settings).revocation.networks if settings is not None else (),
    )
    Trust.of((), sm2_lists(found.lists), found.answers)
    _check_lists_readable(other_lists(found.lists))
    return found


def read_lists(paths: Sequence[Path]) -> tuple[bytes, ...]:
    """Revocation lists from files (DER, or PEM), DER.

    Raises:
        CertificateRefused: a file cannot be read at all.
    """
    found: list[bytes] = []
    for path in paths:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise CertificateRefused(
                CertificateFault.FORM, f"revocation list {path} cannot be read ({error.strerror})."
            ) from None
        found += [_decoded(body) for body in _PEM_LIST.findall(data)] or [data]
    return tuple(found)


def is_sm2(certificate: bytes) -> bool:
    """Whether a certificate (DER) holds an SM2 key, or is none at all and may be refused by whoever reads it as one."""
    return _SM2_CURVE in certificate or not _is_other(certificate)


def sm2_lists(lists: Iterable[bytes]) -> list[bytes]:
    """Those signed with SM2, and whatever is no list at all, so that it is refused when it is read."""
    return [one for one in lists if not _is_other_list(one)]


def other_lists(lists: Iterable[bytes]) -> list[bytes]:
    """Those signed with ECDSA or RSA, DER."""
    return [one for one in lists if _is_other_list(one)]


def ders_in(data: bytes) -> list[bytes]:
    """The certificates of a PEM file in DER; anything else as it is, to be refused by whoever reads it."""
    if data.startswith(b"\x30"):
        return [data]
    return [_decoded(body) for body in _PEM.findall(data)] or [data]


def _decoded(body: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(body.split()), validate=True)
    except ValueError:
        raise CertificateRefused(CertificateFault.FORM, "a certificate file is damaged PEM; it was not read.") from None


def _is_other(der: bytes) -> bool:
    return der.startswith(b"\x30") and any(kind in der for kind in _OTHER_KEYS)


def _is_other_list(der: bytes) -> bool:
    return der.startswith(b"\x30") and _SM2_SIGNATURE not in der and any(kind in der for kind in _OTHER_SIGNATURES)


def _check_readable(certificates: Sequence[bytes]) -> None:
    if not certificates:
        return
    from cryptography import x509

    for one in certificates:
        try:
            x509.load_der_x509_certificate(one)
        except ValueError:
            raise CertificateRefused(CertificateFault.FORM, "a certificate cannot be read.") from None


def _check_lists_readable(lists: Sequence[bytes]) -> None:
    if not lists:
        return
    from cryptography import x509

    for one in lists:
        try:
            x509.load_der_x509_crl(one)
        except ValueError:
            raise CertificateRefused(CertificateFault.FORM, "a revocation list cannot be read.") from None

"""A certificate about files of an archive as anybody may see it: what for and until when, and no person's name."""

from __future__ import annotations

from hub.checking import CertificateTold
from hub.context import Hub
from hub.retrieval_kept import kept
from hub.retrieval_log import number_of
from hub.retrieval_parts import Form, Requester, Stage
from hub.volume import name_of
from store import archive_requests
from store.archive_requests import Stored

_EN = {
    Requester.AUTHORITY: "state organ",
    Requester.ENTITY: "the entity itself",
    Requester.LAWYER: "lawyer",
    Requester.PARTNER: "other organisation",
}


def certificate_by_token(hub: Hub, token_sm3: bytes) -> CertificateTold | None:
    """The certificate whose QR code holds the token of this SM3."""
    return _told(hub, archive_requests.by_token(hub.connection, hub.vault, token_sm3))


def certificate_by_file(hub: Hub, document_sm3: bytes) -> CertificateTold | None:
    """The certificate that is the file of this SM3."""
    return _told(hub, archive_requests.by_certificate(hub.connection, hub.vault, document_sm3))


def _told(hub: Hub, stored: Stored | None) -> CertificateTold | None:
    found = kept(hub, stored) if stored is not None else None
    if stored is None or found is None or stored.answered_at is None or stored.expires_at is None:
        return None
    kind, organisation = Requester(stored.requester), stored.told["organisation"]
    return CertificateTold(
        number=number_of(stored),
        requester=f"{kind.chinese}：{organisation}" if organisation else kind.chinese,
        requester_en=f"{_EN[kind]}: {organisation}" if organisation else _EN[kind],
        holder=name_of(hub, stored.party),
        purpose=stored.told["purpose"],
        form=Form(stored.form).chinese,
        files=len(found[0].files),
        made_at=stored.answered_at,
        expires_at=stored.expires_at,
        document_sm3=stored.certificate_sm3 or b"",
        ended=stored.stage != Stage.ANSWERED,
    )

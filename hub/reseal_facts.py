"""The facts of a licence's next document under another seal: what names the organ is new, the rest is as it was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.clock import SHANGHAI
from core.digest import sm3
from hub.designation import STATUS_ELEMENT
from hub.press import Bureau
from schemas.identifiers.licence import LicenceId
from schemas.licence_metadata import LicenceMetadata
from schemas.licence_types import FaceField, LicenceType


def renamed(
    facts: Mapping[str, Any],
    kind: LicenceType,
    bureau: Bureau,
    *,
    identifier: LicenceId,
    status_index: int,
    address: str,
    now: datetime,
    test_mark: bool,
) -> dict[str, Any]:
    """The facts under the current organ and seal. Number, holder, date of issue and validity are kept.

    Args:
        facts: of the document that is current.
        identifier: of the next one.
        address: where its QR code leads.
        now: told as the time of sealing.

    Raises:
        pydantic.ValidationError: the metadata was never sound.
    """
    moment = now.astimezone(SHANGHAI).replace(microsecond=0)
    metadata = {
        **facts["metadata"],
        "ZZBS": identifier.text,
        "ZZBFJG": bureau.name,
        "ZZBFJGDM": bureau.credit_code,
        "ZZQZR": bureau.signer,
        "ZZQZSJ": f"{moment:%Y-%m-%d %H:%M:%S}",
        "ZZQZMC": bureau.seal_name,
        "CJSJ": f"{moment:%Y-%m-%d %H:%M:%S}",
        STATUS_ELEMENT: str(status_index),
    }
    lines = {line.key: line for line in kind.face}
    return {
        **facts,
        "doc_id": sm3(identifier.text.encode())[:16].hex(),
        "version": identifier.version,
        "qr_text": address,
        "reserved_at": moment.isoformat(),
        "test_mark": test_mark,
        # for the archive: who decided the case this licence rests on
        "decided_by": facts.get("decided_by", facts["metadata"]["ZZBFJG"]),
        "face": [
            {**one, "words": _words(lines.get(one["key"]), one["words"], bureau, identifier)} for one in facts["face"]
        ],
        "metadata": LicenceMetadata.of_elements(metadata).elements(),
    }


def _words(line: FaceField | None, before: str, bureau: Bureau, identifier: LicenceId) -> str:
    if line is not None and line.source == "issuer":
        return {"name": bureau.name, "credit_code": bureau.credit_code}[line.field or ""]
    if line is not None and (line.source, line.field) == ("licence", "identifier"):
        return identifier.text
    return before

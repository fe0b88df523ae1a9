"""A register grown quickly: made-up licences under the seal of the press, each with its document, without their cases.

What issuing writes for each is written by the same statements, a chunk at a time. With `one_file` all documents are
one sealed file under many names: a stock for measuring what comes after, grown at thousands a second.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from datetime import date
from typing import Any

from core.clock import SHANGHAI
from core.digest import sm3
from hub.compose import drawn_from
from hub.context import Hub
from hub.designation import Designation, address_of, first
from hub.files import write_all_durably, write_durably
from hub.making import path_of
from hub.press import Press
from schemas.dates import chinese_date
from schemas.licence_life import Step
from schemas.licence_metadata import LicenceMetadata
from schemas.licence_types import LicenceType, licence_type
from store import licence_making
from store.connection import transaction
from store.licence_making import Composed, NewVersion, SealedDocument
from store.licences import FACTS, LicenceVersion
from store.register_entries import Grounds

KIND = "food"
_CHUNK = 500
_SEED = 11
_WORDS = {
    "address": "湖北省武汉市东西湖区环湖路57号1层3室",
    "premises": "湖北省武汉市东西湖区环湖路57号1层3室",
    "category": "餐饮服务经营者（小型餐馆）",
    "scope": "热食类食品制售；冷食类食品制售（不含裱花蛋糕、生食类食品）；自制饮品制售",
}
_SIGNS = "山水田园金木火土东南西北春夏秋冬青红白蓝大小长安和平新兴永福康宁明华文武天海江河湖泉"


def grow(
    hub: Hub, count: int, *, sheets: tuple[str, ...] = ("original",), one_file: bool = False
) -> list[LicenceVersion]:
    """So many licences of type `food`, published; the seal of the press must be registered."""
    press, made = Press.open(hub.settings), []
    shared: bytes | None = None
    for start in range(1, count + 1, _CHUNK):
        chunk = range(start, min(start + _CHUNK, count + 1))
        versions = _reserved(hub, press, chunk, sheets)
        documents = {}
        for version, facts in versions:
            if shared is None or not one_file:
                drawn = drawn_from(facts, press.bureau)
                shared = press.seal(drawn.package, drawn.places, hub.clock.now())
            documents[version.id] = shared
        _write(hub, versions, documents, one_file=one_file)
        _publish(hub, press, versions, documents)
        made += [version for version, _ in versions]
    return made


def _reserved(
    hub: Hub, press: Press, sequences: range, sheets: tuple[str, ...]
) -> list[tuple[LicenceVersion, dict[str, Any]]]:
    now = hub.clock.now().astimezone(SHANGHAI).replace(microsecond=0)
    kind = licence_type(KIND)
    grounds = Grounds("食品安全法", now.date(), "hub", press.bureau.name)
    hub.vault.ready(FACTS)
    with transaction(hub.connection) as cursor:
        hub.vault.hold(cursor, FACTS)
        places = licence_making.free_places(cursor, len(sequences))
        new = []
        for sequence, place in zip(sequences, places, strict=True):
            designation = first(kind, press.bureau, sequence, place, now.date())
            facts = _facts(hub, press, kind, designation, sheets)
            cursor.execute(
                "insert into licence (licence_type, year, sequence, number, item, holder) "
                "values (%s, %s, %s, %s, %s, %s) returning id",
                (KIND, now.year, sequence, designation.number, kind.item, hub.vault.subject("company", str(sequence))),
            )
            composed = Composed(
                designation.number,
                designation.identifier.text,
                facts,
                designation.token_sm3,
                designation.validity.until,
            )
            new.append(
                NewVersion(
                    cursor.fetchone()[0], 1, Step.ISSUE, f"{sequence:020d}", f"{sequence:020d}", kind.item, grounds,
                    composed, place,
                )
            )  # fmt: skip
        made = licence_making.add_versions(cursor, hub.vault, new, now)
        licence_making.intend_all(
            cursor,
            [(version, bytes(32)) for version in made],
            seal_sm3=press.seal_sm3,
            es_id=press.bureau.seal_id,
            now=now,
        )
    return [(version, dict(one.composed.facts)) for version, one in zip(made, new, strict=True)]


def _facts(
    hub: Hub, press: Press, kind: LicenceType, designation: Designation, sheets: tuple[str, ...]
) -> dict[str, Any]:
    chance = random.Random(_SEED + int(designation.identifier.serial[:10]))
    bureau, issued_on = press.bureau, designation.issued_on
    moment = hub.clock.now().astimezone(SHANGHAI).replace(microsecond=0)
    holder = f"武汉{''.join(chance.sample(_SIGNS, 4))}餐饮管理有限公司"
    metadata = LicenceMetadata.of_elements(
        {
            "ZZMC": kind.name, "ZZLXDM": kind.type_code, "ZZBH": designation.number,
            "ZZBS": designation.identifier.text, "ZZBFJG": bureau.name, "ZZBFJGDM": bureau.credit_code,
            "ZZBFRQ": issued_on.isoformat(), "CZZT": holder, "CZZTDM": "91420112MA4K000A0F",
            "CZZTDMLX": "统一社会信用代码", "CZZTDMLXDM": "001", "ZZYXQQSRQ": issued_on.isoformat(),
            "ZZYXQJZRQ": designation.validity.text, "ZZQZR": bureau.signer, "ZZQZSJ": f"{moment:%Y-%m-%d %H:%M:%S}",
            "ZZQZMC": bureau.seal_name, "CJSJ": f"{moment:%Y-%m-%d %H:%M:%S}",
            "KZ_ZTXH": str(designation.status_index),
        }
    ).elements()  # fmt: skip
    words = _WORDS | {
        "holder": holder, "holder_code": "91420112MA4K000A0F", "legal_rep": "".join(chance.sample(_SIGNS, 3)),
        "number": designation.number, "valid": designation.validity.chinese, "organ": bureau.name,
        "issued": chinese_date(issued_on), "identifier": designation.identifier.text,
    }  # fmt: skip
    day = date(2026, 3, 2).isoformat()
    return {
        "kind": kind.id,
        "title": kind.name,
        "doc_id": sm3(designation.identifier.text.encode())[:16].hex(),
        "version": 1,
        "issued_on": issued_on.isoformat(),
        "qr_text": address_of(hub.settings, designation.token),
        "sheets": list(sheets),
        "reserved_at": moment.isoformat(),
        "test_mark": press.is_test,
        "face": [{"key": line.key, "label": line.label, "words": words.get(line.key, "—")} for line in kind.face],
        "metadata": metadata,
        "case": {"accept": f'{{"accepted_on": "{day}"}}', "result": f'{{"decided_on": "{day}"}}'},
        "evidence": [],
    }


def _write(
    hub: Hub, versions: list[tuple[LicenceVersion, dict[str, Any]]], documents: dict[str, bytes], *, one_file: bool
) -> None:
    paths = [(hub.settings.home / path_of(version), documents[version.id]) for version, _ in versions]
    if not one_file:
        write_all_durably(dict(paths))
        return
    first_of_all = paths[0][0].with_name("stock.ofd")
    if not first_of_all.exists():
        write_durably(first_of_all, paths[0][1])
    for path, _ in paths:
        os.link(first_of_all, path)


def _publish(
    hub: Hub, press: Press, versions: list[tuple[LicenceVersion, dict[str, Any]]], documents: dict[str, bytes]
) -> None:
    digests: dict[int, bytes] = {}
    now = hub.clock.now()
    sealed = [
        SealedDocument(
            version,
            digests.setdefault(id(documents[version.id]), sm3(documents[version.id])),
            False,
            path_of(version).as_posix(),
        )
        for version, _ in versions
    ]
    with transaction(hub.connection) as cursor:
        licence_making.record_all_sealed(cursor, sealed, now)
        licence_making.publish_all(cursor, [version for version, _ in versions], now)


def statuses(hub: Hub) -> Iterator[tuple[str, int]]:
    """How many licences stand how."""
    with transaction(hub.connection) as cursor:
        cursor.execute("select status, count(*) from licence group by 1 order by 1")
        yield from cursor.fetchall()

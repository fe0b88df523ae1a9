"""A record its own person doubts is an entry of the quarantine loop until its owner changes it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub.collect import collect
from hub.context import Hub
from hub.quarantine import retry, retry_changed
from store import doubts
from store.connection import fetch_all, transaction
from store.doubts import Doubt
from store.records import SealedRecord, select_subject

RESOURCE = "market.company"
CODE = "91420112MA4L0XA90B"
HEADER = "source_year,name,code,registered_on,type,legal_rep_masked,capital,scope,province,city,address,code_class\n"


def company(name: str) -> str:
    return f"2019,{name},{CODE},2019-01-02,有限责任公司,张**,30(万元),软件开发,湖北,武汉,金山大道1号,uscc18_valid\n"


def load(hub: Hub, folder: Path, name: str) -> None:
    file = folder / "companies.csv"
    file.write_text(HEADER + company(name), encoding="utf-8")
    collect(hub, RESOURCE, file=file)


def stands(hub: Hub) -> SealedRecord:
    with transaction(hub.connection) as cursor:
        (record,) = select_subject(cursor, hub.subject("company", CODE), [RESOURCE])[RESOURCE]
    return record


def doubted(hub: Hub, statement: str = "名称写错了") -> tuple[int, bool]:
    return doubts.open_doubt(
        hub.connection,
        hub.vault,
        stands(hub),
        subject=hub.subject("company", CODE),
        field="name",
        statement=statement,
        fields=json.dumps({"name": "武汉甲公司", "本人说明": statement}, ensure_ascii=False).encode(),
        reasons=[{"code": "R-080", "field": "name", "column": "name"}],
        now=hub.clock.now(),
    )


def mine(hub: Hub) -> list[Doubt]:
    return doubts.of_subject(hub.connection, hub.vault, hub.subject("company", CODE))


@pytest.fixture
def filled(hub: Hub, tmp_path: Path) -> Hub:
    load(hub, tmp_path, "武汉甲公司")
    return hub


def test_a_doubt_is_kept_with_its_words_and_stays_open(filled: Hub) -> None:
    entry, new = doubted(filled)
    assert new
    (doubt,) = mine(filled)
    assert (doubt.entry, doubt.field, doubt.statement, doubt.state) == (entry, "name", "名称写错了", "open")


def test_the_same_doubt_again_is_the_same_entry(filled: Hub) -> None:
    first, _ = doubted(filled)
    again, new = doubted(filled, "还是错的")
    assert (again, new) == (first, False)
    assert len(mine(filled)) == 1


def test_the_record_itself_still_stands(filled: Hub) -> None:
    before = stands(filled)
    doubted(filled)
    assert stands(filled) == before


def test_judging_again_does_not_close_it_though_the_schemas_find_it_good(filled: Hub) -> None:
    entry, _ = doubted(filled)
    assert retry(filled, numbers=[entry]).refused == 1
    assert retry_changed(filled).tried == 0
    assert mine(filled)[0].state == "open"


def test_the_same_record_read_again_does_not_close_it(filled: Hub, tmp_path: Path) -> None:
    doubted(filled)
    load(filled, tmp_path, "武汉甲公司")
    assert mine(filled)[0].state == "open"


def test_a_record_its_owner_changed_closes_it(filled: Hub, tmp_path: Path) -> None:
    doubted(filled)
    load(filled, tmp_path, "武汉乙公司")
    assert mine(filled)[0].state == "corrected"
    assert mine(filled)[0].closed_at is not None


def test_what_a_person_wrote_lies_sealed(filled: Hub) -> None:
    doubted(filled)
    ((statement,),) = fetch_all(filled.connection, "select statement from doubt")
    assert "名称".encode() not in bytes(statement)

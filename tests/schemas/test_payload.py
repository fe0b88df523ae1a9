"""Records as bytes and back."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from core.digest import sm3_hex
from schemas.errors import PayloadUnreadable, SchemaUnknown
from schemas.judge import canonical, judge, restore
from schemas.records import Record
from schemas.registry import MODELS

Row = Callable[..., dict[str, Any]]


def record_of(row: Row, schema: str, **changes: Any) -> Record:
    record = judge(schema, row(schema, **changes)).record
    assert record is not None
    return record


def test_what_is_restored_is_what_was_judged(row: Row, schema: str) -> None:
    record = record_of(row, schema)
    again = restore(schema, canonical(record))
    assert again == record
    assert type(again) is type(record)
    assert again.key() == record.key()
    assert again.subjects() == record.subjects()
    for name in type(record).model_fields:
        assert type(getattr(again, name)) is type(getattr(record, name)), name


def test_the_bytes_do_not_depend_on_order_letter_case_or_writing(row: Row, schema: str) -> None:
    plain = canonical(record_of(row, schema))
    columns = list(row(schema).items())
    random.Random(7).shuffle(columns)
    shuffled = judge(schema, {name.upper(): f" {value} " if value else value for name, value in columns}).record
    assert shuffled is not None
    assert sm3_hex(canonical(shuffled)) == sm3_hex(plain)


def test_the_bytes_are_json_with_sorted_keys_and_name_their_schema(row: Row, schema: str) -> None:
    stored = json.loads(canonical(record_of(row, schema)))
    assert list(stored) == sorted(stored)
    assert stored["$schema"] == f"{schema}/{MODELS[schema].schema_version}"
    assert None not in stored.values()


def test_the_form_of_the_bytes_stays_as_it_is(row: Row) -> None:
    # Digests of stored records depend on it: a change needs a new schema version.
    assert canonical(record_of(row, "hr.insurance")).decode() == (
        '{"$schema":"hr.insurance/1","base":"5000","born":"1980-01-01","citizen_id":"420112198001011015",'
        '"employer":"武汉测试人力资源有限公司","employer_code":"91420112MA0000001E","insured_since":"2016-03-01",'
        '"kind":"职工养老","name":"测试甲","paid_through":"2026-02-28","payment_state":"正常","sex":"1"}'
    )


def test_a_restored_record_is_frozen_and_hides_itself(row: Row, schema: str) -> None:
    again = restore(schema, canonical(record_of(row, schema)))
    with pytest.raises(ValueError, match="frozen"):
        again.schema_field = "x"  # type: ignore[attr-defined]
    assert repr(again) == f"{type(again).__name__}({schema}, hidden)"


@pytest.mark.parametrize(
    "payload",
    [b"", b"{}", b"[]", b"null", b"\xff", b'{"$schema":"hr.insurance/1","born":"x"}', b'{"$schema":"hr.insurance/0"}'],
)
def test_bytes_that_are_no_record_are_refused_without_being_shown(payload: bytes) -> None:
    with pytest.raises(PayloadUnreadable) as error:
        restore("hr.insurance", payload)
    assert error.value.code == "HUB-211"


def test_a_payload_is_not_read_as_another_schema(row: Row) -> None:
    payload = canonical(record_of(row, "hr.insurance"))
    with pytest.raises(PayloadUnreadable):
        restore("hr.vocational", payload)
    with pytest.raises(SchemaUnknown):
        restore("hr.nothing", payload)


def test_every_field_is_described_in_both_languages_with_its_source() -> None:
    for model in MODELS.values():
        for name, field in model.model_fields.items():
            chinese, english = model.label(name)
            assert any("\u4e00" <= sign <= "\u9fff" for sign in chinese)
            assert english
            extra = field.json_schema_extra
            assert isinstance(extra, dict)
            assert extra["source"] in ("C", "D", "M", "U")

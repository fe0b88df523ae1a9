"""XML from outside reaches nothing and grows nothing."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.xml import XmlRefused, parse

BOMB = b'<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;">]><a>&c;</a>'


def test_a_plain_file_is_parsed() -> None:
    assert parse("<?xml version='1.0' encoding='UTF-8'?><a>证</a>".encode(), "a.xml").text == "证"


@pytest.mark.parametrize(
    "data",
    [
        BOMB,
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd"><a/>',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><a>&b;</a>',
        b"<a/>x",
        b"<a>",
        b"",
        b"\xff\xfe<a/>",
        b"<a>" * 5000,
    ],
)
def test_document_types_and_broken_files_are_refused(data: bytes) -> None:
    with pytest.raises(XmlRefused) as caught:
        parse(data, "some.xml")
    assert "some.xml" in caught.value.message


def test_a_file_above_the_bound_is_refused_unread() -> None:
    with pytest.raises(XmlRefused):
        parse(b"<a>" + b" " * 100 + b"</a>", "a.xml", largest=50)


@given(st.binary(max_size=200))
def test_any_bytes_give_an_element_or_the_typed_refusal(data: bytes) -> None:
    for one in (data, b"<a>" + data + b"</a>"):
        with contextlib.suppress(XmlRefused):
            parse(one, "a.xml")

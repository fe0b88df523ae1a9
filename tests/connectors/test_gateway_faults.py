"""The tax gateway breaks in every way its sandbox can; the adapter says which, and once it is well again goes on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.endpoints import GatewayEndpoint
from connectors.port import RawPage, SourceGarbled, SourceRefused, SourceUnavailable
from connectors.registry import declaration
from connectors.rest_gateway import RestGateway
from connectors.retrying import Patience
from core.errors import HubError, Retryable
from tests.departments import Departments

FAULTS = [
    ("500", SourceUnavailable, "the gateway answers HTTP 500"),
    ("429", SourceUnavailable, "too many requests"),
    ("down", SourceUnavailable, "no connection to the gateway, or it was dropped"),
    ("slow", SourceUnavailable, "no answer from the gateway in 0.5 s"),
    ("html", SourceGarbled, "an HTML or XML page instead of JSON"),
    ("half", SourceGarbled, "half a page or not JSON"),
    ("dropped", SourceGarbled, "half a page: the answer breaks off"),
    ("error_inside", SourceUnavailable, "passing inner failure, code api-500"),
]


@pytest.fixture
def well(departments: Departments) -> Iterator[Departments]:
    departments.order_fault(None)
    yield departments
    departments.order_fault(None)


def _source(departments: Departments, *, tries: int, page_size: int = 20) -> RestGateway:
    # well below the 20 that the department allows: on a busy machine requests reach it closer together than they left
    known = declaration("tax.registration")
    changes = {"page_size": page_size, "requests_per_second": 14}
    declared = known.model_copy(update={"access": known.access.model_copy(update=changes)})
    endpoint = departments.endpoints().section("tax", GatewayEndpoint)
    patience = Patience(tries=tries, first_wait_s=0.02, longest_wait_s=2)
    return RestGateway(declared, endpoint, patience=patience, timeout_s=0.5)


def _all(source: RestGateway, pages: list[RawPage]) -> list[bytes]:
    return sorted(record.raw for page in pages for record in source.records(page))


@pytest.mark.parametrize(("kind", "error", "reason"), FAULTS)
def test_a_fault_that_stays_is_named_and_reading_goes_on_from_what_is_kept(
    well: Departments, kind: str, error: type[HubError], reason: str
) -> None:
    source = _source(well, tries=2)
    whole = list(source.pages({}))
    reading = source.pages({})
    pages = [next(reading)]
    well.order_fault(kind, times=99)
    with pytest.raises(error, match=reason) as caught:
        next(reading)
    assert isinstance(caught.value, Retryable)
    assert "tax.registration: " in str(caught.value)
    assert "(2 tries). 1 pages are kept; page 2 is next. Next try:" in str(caught.value)
    well.order_fault(None)
    pages += source.pages(pages[-1].next_cursor)
    assert _all(source, pages) == _all(source, whole)


@pytest.mark.parametrize(("kind", "error", "reason"), FAULTS)
def test_a_fault_that_passes_is_not_seen_by_the_caller(
    well: Departments, kind: str, error: type[HubError], reason: str
) -> None:
    source = _source(well, tries=3)
    whole = list(source.pages({}))
    reading = source.pages({})
    pages = [next(reading)]
    well.order_fault(kind, times=2)
    pages += reading
    assert pages == whole


def test_garbled_bytes_are_handed_up_to_be_kept(well: Departments) -> None:
    well.order_fault("html", times=9)
    with pytest.raises(SourceGarbled) as caught:
        next(_source(well, tries=1).pages({}))
    assert caught.value.body.startswith(b"<!DOCTYPE html>")


def test_the_same_page_twice_is_noticed(well: Departments) -> None:
    """Page numbers grow only inside one second; two rows a page make the nightly job's second span several."""
    source = _source(well, tries=1, page_size=2)
    reading = source.pages({})
    page = next(page for page in reading if page.next_cursor["page"] > 1)
    well.order_fault("same_page", times=99)
    with pytest.raises(SourceGarbled, match="the same page twice"):
        list(reading)
    well.order_fault(None)
    assert next(source.pages(page.next_cursor)).number == page.number + 1


def test_a_code_that_means_no_stops_at_once(well: Departments) -> None:
    well.order_fault("error_inside", times=1, code="api-401")
    with pytest.raises(SourceRefused, match="code api-401"):
        next(_source(well, tries=5).pages({}))


def test_a_code_nobody_knows_is_garbled(well: Departments) -> None:
    well.order_fault("error_inside", times=9, code="res-012")
    with pytest.raises(SourceGarbled, match="code res-012"):
        next(_source(well, tries=2).pages({}))


def test_a_wait_longer_than_our_patience_is_left_to_the_scheduler(well: Departments) -> None:
    well.order_fault("429", times=99)
    endpoint = well.endpoints().section("tax", GatewayEndpoint)
    source = RestGateway(declaration("tax.clearance"), endpoint, patience=Patience(tries=9, longest_wait_s=0.5))
    with pytest.raises(SourceUnavailable, match=r"\(1 try\)") as caught:
        next(source.pages({}))
    assert caught.value.retry_after_s == 1.0

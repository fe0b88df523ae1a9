"""The check passes what was built and nothing else."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.errors import PackageRefused, PackageUnjudged
from archive.formats import FORMATS
from archive.metadata import BASE_INFO, DIGEST_LIST, PROCESS_INFO, SIGNATURE, write_digest_list
from archive.opened import Policy
from archive.package import build
from archive.report import Stage, Status
from core.errors import HubError, Permanent, Retryable
from core.verdict import Verdict
from documents.package import Package
from tests.archive.cases import OTHER_KEY, PDF_BYTES, case, check, sign, verify

GOOD = build(case(), sign).data
ENTRIES = dict(Package.read(GOOD).entries)
PDF = "结果文件/03-001_许可证.pdf"
OWN = (DIGEST_LIST, SIGNATURE)


def pack(entries: dict[str, bytes]) -> bytes:
    return Package(entries).to_bytes()


def resigned(entries: dict[str, bytes], sign: Callable[[bytes], bytes] = sign) -> bytes:
    """The package a forger with the right key would make: digest list and signature made anew."""
    content = {path: data for path, data in entries.items() if path not in OWN}
    listing = write_digest_list(case().electronic_file_no, content)
    return pack({**content, DIGEST_LIST: listing, SIGNATURE: sign(listing)})


def edited(path: str, old: str, new: str) -> bytes:
    text = ENTRIES[path].decode()
    assert old in text
    return resigned({**ENTRIES, path: text.replace(old, new, 1).encode()})


def failed(data: bytes, **options: object) -> set[str]:
    report = check(data, verify, **options)  # type: ignore[arg-type]
    assert report.verdict is Verdict.INVALID
    return {item.key for item in report.failed()}


def test_what_was_built_is_valid() -> None:
    report = check(GOOD, verify)
    assert report.failed() == ()
    assert report.verdict is Verdict.VALID
    assert report.electronic_file_no == "420112-2026-000001"
    report.demand_valid()


def test_the_report_is_json_and_shows_no_applicant() -> None:
    text = json.dumps(check(GOOD, verify).to_dict(), ensure_ascii=False)
    assert json.loads(text)["verdict"] == "valid"
    assert "样例" not in text
    assert "914201" not in text


def test_items_carry_the_code_of_their_stage() -> None:
    report = check(GOOD, verify, stage=Stage.TRANSFER)
    assert report.item("archive_code").code == "YJ-1-7"


def test_what_a_file_cannot_answer_is_said_to_be_unchecked() -> None:
    report = check(GOOD, verify)
    for key in ("virus", "scanner_state", "catalogue", "process_safety", "filing_scope", "archive_code"):
        assert report.item(key).status is Status.NOT_CHECKED
        assert report.item(key).findings[0].zh


def test_without_a_verifier_the_verdict_is_cannot_tell() -> None:
    report = check(GOOD, None)
    assert report.verdict is Verdict.CANNOT_TELL
    with pytest.raises(PackageUnjudged):
        report.demand_valid()


@pytest.mark.parametrize("kind", [Permanent, Retryable, HubError])
def test_a_verifier_that_cannot_judge_leaves_the_verdict_open(kind: type[HubError]) -> None:
    def unable(message: bytes, signature: bytes) -> None:
        raise kind("no trust anchors")

    assert check(GOOD, unable).verdict is Verdict.CANNOT_TELL


def test_a_signature_by_another_key_is_found() -> None:
    assert failed(resigned(ENTRIES, OTHER_KEY.sign)) == {"signature"}


def test_a_refused_package_says_which_items() -> None:
    with pytest.raises(PackageRefused, match="GD-1-1"):
        check(resigned(ENTRIES, OTHER_KEY.sign), verify).demand_valid()


@settings(max_examples=400, deadline=None)
@given(place=st.integers(0, len(GOOD) - 1), bits=st.integers(1, 255))
def test_no_package_with_one_changed_byte_is_valid(place: int, bits: int) -> None:
    data = bytearray(GOOD)
    data[place] ^= bits
    assert check(bytes(data), verify).verdict is Verdict.INVALID


def test_no_bit_of_any_header_can_be_turned() -> None:
    # The headers are what no digest covers: everything outside the entries' own bytes.
    covered = set()
    for body in ENTRIES.values():
        start = GOOD.index(body)
        covered.update(range(start, start + len(body)))
    headers = [place for place in range(len(GOOD)) if place not in covered]
    assert len(headers) > 500
    for place in headers:
        data = bytearray(GOOD)
        data[place] ^= 1 << (place % 8)
        assert check(bytes(data), verify).verdict is Verdict.INVALID, place


@pytest.mark.parametrize("extra", [b"\0", b"PK", GOOD])
@pytest.mark.parametrize("in_front", [True, False])
def test_bytes_before_or_behind_are_found(extra: bytes, in_front: bool) -> None:
    data = extra + GOOD if in_front else GOOD + extra
    assert check(data, verify).verdict is Verdict.INVALID


def test_a_content_byte_changed_under_a_right_crc_is_found_at_its_file() -> None:
    report = check(pack({**ENTRIES, PDF: PDF_BYTES.replace(b"test", b"tesT")}), verify)
    assert [item.key for item in report.failed()] == ["digests"]
    assert report.item("digests").findings[0].path == PDF


@pytest.mark.parametrize("path", list(ENTRIES))
def test_a_dropped_entry_is_found(path: str) -> None:
    assert failed(pack({name: data for name, data in ENTRIES.items() if name != path}))


@pytest.mark.parametrize("path", [path for path in ENTRIES if path not in OWN])
def test_a_dropped_entry_is_found_even_when_everything_is_signed_anew(path: str) -> None:
    assert failed(resigned({name: data for name, data in ENTRIES.items() if name != path}))


@pytest.mark.parametrize("path", list(ENTRIES))
def test_a_renamed_entry_is_found(path: str) -> None:
    assert failed(pack({(name + "x" if name == path else name): data for name, data in ENTRIES.items()}))


@pytest.mark.parametrize("path", ["申请材料/01-003_x.json", "x.txt", "签名/x.p7s", "过程文件/a/b.txt", "附件/1.pdf"])
def test_an_added_entry_is_found(path: str) -> None:
    assert "nothing_extra" in failed(pack({**ENTRIES, path: b"{}"}))
    assert "metadata_and_content" in failed(resigned({**ENTRIES, path: b"{}"}))


def test_entries_in_another_order_are_found() -> None:
    assert failed(pack(dict(reversed(ENTRIES.items())))) == {"same_bytes"}


def test_a_deflated_copy_of_the_same_entries_is_found() -> None:
    store = io.BytesIO()
    with zipfile.ZipFile(store, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in ENTRIES.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    assert failed(store.getvalue()) == {"same_bytes"}


@pytest.mark.parametrize(
    ("path", "old", "new", "key"),
    [
        (BASE_INFO, "许可证.pdf</computer_file_name>", "别的.pdf</computer_file_name>", "metadata_and_content"),
        (BASE_INFO, f"<computer_file_size>{len(PDF_BYTES)}<", "<computer_file_size>14<", "electronic_attributes"),
        (BASE_INFO, "<file_actual_name>许可证.pdf", "<file_actual_name>执照.pdf", "electronic_attributes"),
        (BASE_INFO, "application/pdf", "application/json", "content_format"),
        (BASE_INFO, "application/pdf", "application/x-msdownload", "file_types"),
        (BASE_INFO, "<file_count>3<", "<file_count>4<", "file_count"),
        (BASE_INFO, "<byte_count>", "<byte_count>1", "byte_count"),
        (BASE_INFO, "<project_no>P2026030001</project_no>", "", "metadata_complete"),
        (BASE_INFO, "<project_no>", "<project_no>1</project_no><project_no>", "metadata_complete"),
        (BASE_INFO, "<project_no>", "<other>1</other><project_no>", "metadata_complete"),
        (BASE_INFO, ">P2026030001<", "> <", "required_values"),
        (BASE_INFO, "定期30年", "定期5年", "required_values"),
        (BASE_INFO, 'verified="false"', 'verified="maybe"', "required_values"),
        (BASE_INFO, "<result>准予", "<result>也许", "required_values"),
        (BASE_INFO, 'title="过程文件"', 'title="过程"', "folder_structure"),
        (BASE_INFO, "<file_code>01-002", "<file_code>01-003", "numbers_run_on"),
        (BASE_INFO, "<file_code>01-002", "<file_code>01-001", "no_repeats"),
        (BASE_INFO, "<accept_date>2026-03-02", "<accept_date>2026-03-20", "reasonable_times"),
        (BASE_INFO, "<accept_date>2026-03-02", "<accept_date>长期", "reasonable_times"),
        (BASE_INFO, "time>2026-03-04T09", "time>2027-03-04T09", "reasonable_times"),
        (BASE_INFO, "人力资源服务许可", "人力资源\u200b许可", "special_signs"),
        (BASE_INFO, "<fileset>", "<archive_year>26</archive_year><fileset>", "archive_code"),
        (BASE_INFO, "<base_info>", "<base_info", "metadata_readable"),
        (BASE_INFO, "<base_info>", '<base_info xmlns="urn:x">', "metadata_readable"),
        (BASE_INFO, "420112-2026-000001", "420112-2026-000002", "metadata_and_content"),
        (PROCESS_INFO, "420112-2026-000001", "420112-2026-000002", "metadata_and_content"),
        (PROCESS_INFO, "2026-03-02T", "2026-03-09T", "reasonable_times"),
        (PROCESS_INFO, "<who>窗口01</who>", "<who/>", "required_values"),
        (PROCESS_INFO, "<who>窗口01</who>", "", "metadata_complete"),
        (PROCESS_INFO, "<process_info>", "<process>", "metadata_readable"),
    ],
)
def test_wrong_metadata_is_found_though_rightly_signed(path: str, old: str, new: str, key: str) -> None:
    assert key in failed(edited(path, old, new))


def test_no_events_is_found() -> None:
    text = ENTRIES[PROCESS_INFO].decode()
    start, end = text.index("<event>"), text.rindex("</event>") + len("</event>")
    assert failed(resigned({**ENTRIES, PROCESS_INFO: (text[:start] + text[end:]).encode()})) == {"process_recorded"}


def test_an_empty_file_is_found() -> None:
    assert "content_whole" in failed(resigned({**ENTRIES, PDF: b""}))


def test_a_digest_list_that_names_no_metadata_is_found() -> None:
    content = {path: data for path, data in ENTRIES.items() if path not in (BASE_INFO, *OWN)}
    listing = write_digest_list(case().electronic_file_no, content)
    data = pack({BASE_INFO: ENTRIES[BASE_INFO], **content, DIGEST_LIST: listing, SIGNATURE: sign(listing)})
    assert {"metadata_listed", "nothing_extra"} <= failed(data)


def test_a_digest_list_of_another_case_is_found() -> None:
    content = {path: data for path, data in ENTRIES.items() if path not in OWN}
    listing = write_digest_list("another", content)
    assert failed(pack({**content, DIGEST_LIST: listing, SIGNATURE: sign(listing)})) == {"metadata_and_content"}


def test_an_archive_that_has_the_number_already_says_so() -> None:
    assert failed(GOOD, policy=Policy(held={"420112-2026-000001"})) == {"no_repeats"}
    assert check(GOOD, verify, policy=Policy(held={"other"})).verdict is Verdict.VALID


def test_the_scope_of_filing_is_held_against_the_files() -> None:
    assert (
        check(GOOD, verify, policy=Policy(required={"结果文件": ["许可证"]})).item("filing_scope").status
        is Status.PASSED
    )
    assert failed(GOOD, policy=Policy(required={"过程文件": ["审批表"]})) == {"filing_scope"}


def test_an_archive_may_take_fewer_formats() -> None:
    assert failed(GOOD, policy=Policy(formats={"application/json": FORMATS["application/json"]})) == {"file_types"}


def test_compression_beyond_the_policy_warns_or_fails() -> None:
    # 0 % allowed less than nothing: a stored package saves a little under zero, so the bound is set below that.
    assert check(GOOD, verify, policy=Policy(most_compression=-9.0)).item("compression").status is Status.WARNED
    assert failed(GOOD, policy=Policy(most_compression=-9.0, compression_fails=True)) == {"compression"}


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | st.binary(max_size=50).map(lambda tail: GOOD[: len(GOOD) // 2] + tail))
def test_any_bytes_give_a_report(data: bytes) -> None:
    report = check(data, verify)
    assert report.verdict is Verdict.INVALID
    assert report.item("container").status is Status.FAILED


@settings(max_examples=200, deadline=None)
@given(
    path=st.sampled_from([BASE_INFO, PROCESS_INFO, DIGEST_LIST, SIGNATURE]),
    cut=st.tuples(st.integers(0, 400), st.integers(0, 60)),
    put=st.text(max_size=20),
)
def test_damaged_parts_give_a_report_and_never_a_pass(path: str, cut: tuple[int, int], put: str) -> None:
    old = ENTRIES[path]
    new = old[: cut[0]] + put.encode("utf-8", "replace") + old[cut[0] + cut[1] :]
    if new != old:
        assert check(pack({**ENTRIES, path: new}), verify).verdict is Verdict.INVALID

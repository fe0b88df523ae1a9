"""The order of a package's entries is signed along: reordering them is never valid, for files of this house."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.verdict import Verdict
from documents.package import Package
from signing.ofd.seal import sign
from signing.ofd.verify import verify
from signing.report import Report, State
from signing.trust import Trust

JUDGED_AT = datetime(2026, 3, 3, tzinfo=UTC)
LIST = "Doc_0/Signs/Signatures.xml"
DESCRIPTION = "Doc_0/Signs/Sign_0/Signature.xml"


@pytest.fixture(scope="module")
def judge(world):
    trust = Trust.of([world.root])

    def judged(package: Package) -> Report:
        return verify(package.to_bytes(), trust=trust, at=JUDGED_AT)

    return judged


@pytest.fixture(scope="module")
def made(world, authority, ofd, sealed_at) -> dict[str, Package]:
    """A good file of each kind this house makes."""
    from signing import oids

    _, tsa = authority.issue("时间戳", extended=(oids.TIME_STAMPING,))
    first = world.sealed(lock=False)
    return {
        "locked": world.sealed(),
        "open": first,
        "two seals": world.sealed(first),
        "two seals, open": world.sealed(first, lock=False),
        "seal, then signature": sign(first, world.signer, at=sealed_at),
        "signature only": sign(ofd(), world.signer, at=sealed_at),
        "timestamped": world.sealed(timestamp=lambda value: authority.token(tsa, value, sealed_at)),
        "three pages": world.sealed(ofd(3)),
    }


KINDS = (
    "locked", "open", "two seals", "two seals, open", "seal, then signature", "signature only", "timestamped",
    "three pages",
)  # fmt: skip


def _in_order(package: Package, names: list[str]) -> Package:
    return Package({name: package.entries[name] for name in names})


@pytest.mark.parametrize("kind", KINDS)
def test_as_they_were_made_they_are_valid(made, judge, kind: str) -> None:
    report = judge(made[kind])
    assert report.verdict is Verdict.VALID, report.lines()


@pytest.mark.parametrize("kind", KINDS)
def test_no_two_entries_can_change_places(made, judge, kind: str) -> None:
    names = list(made[kind].entries)
    for one, other in itertools.combinations(range(len(names)), 2):
        swapped = names.copy()
        swapped[one], swapped[other] = names[other], names[one]
        report = judge(_in_order(made[kind], swapped))
        assert report.verdict is Verdict.INVALID, (names[one], names[other])
        assert {found.step.number for found in report.findings if found.state is State.FAILED} == {4}


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_other_order_is_invalid(made, judge, data: st.DataObject) -> None:
    package = made[data.draw(st.sampled_from(KINDS))]
    names = list(package.entries)
    shuffled = data.draw(st.permutations(names))
    if shuffled != names:
        assert judge(_in_order(package, shuffled)).verdict is Verdict.INVALID


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_no_entry_can_be_dropped_added_doubled_or_take_anothers_place(made, judge, data: st.DataObject) -> None:
    package = made[data.draw(st.sampled_from([kind for kind in KINDS if "open" not in kind]))]
    entries = list(package.entries.items())
    place = data.draw(st.integers(0, len(entries) - 1))
    name, content = entries[place]
    match data.draw(st.sampled_from(["drop", "add", "double", "contents", "names"])):
        case "drop":
            del entries[place]
        case "add":
            entries.insert(place, ("Doc_0/" + data.draw(st.text("abc", min_size=1, max_size=5)), b"x"))
        case "double":
            entries.insert(data.draw(st.integers(0, len(entries))), (name + "2", content))
        case "contents":
            other = data.draw(st.integers(0, len(entries) - 1).filter(lambda one: entries[one][1] != content))
            entries[place], entries[other] = (name, entries[other][1]), (entries[other][0], content)
        case "names":
            other = data.draw(st.integers(0, len(entries) - 1).filter(lambda one: one != place))
            entries[place], entries[other] = (entries[other][0], content), (name, entries[other][1])
    changed = Package(dict(entries))
    if changed != package:
        assert judge(changed).verdict is Verdict.INVALID


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_byte_of_any_kind_of_file_can_change(made, judge, data: st.DataObject) -> None:
    package = made[data.draw(st.sampled_from(KINDS))]
    name = data.draw(st.sampled_from(sorted(package.entries)))
    content = bytearray(package.entries[name])
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    changed = Package({**package.entries, name: bytes(content)})
    assert judge(changed).verdict is Verdict.INVALID, name


def test_an_open_list_cannot_be_worded_differently(made, judge) -> None:
    """Not even where it says the same: while it is open no signature protects it, so its form is fixed."""
    package = made["two seals, open"]
    for old, new in ((b'"/>', b'" />'), (b"?>\n", b"?>\n\n"), (b">s004<", b">s009<")):
        assert old in package.entries[LIST]
        changed = package.with_entries({LIST: package.entries[LIST].replace(old, new, 1)})
        assert judge(changed).verdict is Verdict.INVALID, old


def test_licences_of_the_version_before_stay_valid_in_any_order(world, sealed_at, judge, monkeypatch) -> None:
    """Its descriptions name no version; made here as it made them."""
    from signing.ofd import description

    written = description.write_description

    def before(*given: object) -> bytes:
        return written(*given).replace(b' Version="2"', b"")  # type: ignore[arg-type]

    monkeypatch.setattr("signing.ofd.appending.write_description", before)
    old = world.sealed()
    assert b'<ofd:Provider ProviderName="Yizheng Hub"/>' in old.entries[DESCRIPTION]
    assert judge(old).verdict is Verdict.VALID
    assert judge(_in_order(old, list(reversed(old.entries)))).verdict is Verdict.VALID


def test_the_version_cannot_be_taken_off_to_get_rid_of_the_rule(made, judge) -> None:
    package = made["locked"]
    plain = package.entries[DESCRIPTION].replace(b' Version="2"', b"")
    changed = package.with_entries({DESCRIPTION: plain})
    assert judge(_in_order(changed, list(reversed(changed.entries)))).verdict is Verdict.INVALID


def test_after_a_seal_of_another_maker_our_signature_still_fixes_the_order(
    world, sealed_at, judge, monkeypatch
) -> None:
    from signing.ofd import description

    written = description.write_description

    def foreign(*given: object) -> bytes:
        return written(*given).replace(b"Yizheng Hub", b"another maker")  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr("signing.ofd.appending.write_description", foreign)
        theirs = world.sealed(lock=False)
    theirs = _in_order(theirs, [LIST, *(name for name in theirs.entries if name != LIST)])
    assert judge(theirs).verdict is Verdict.VALID
    for lock in (True, False):
        both = world.sealed(theirs, lock=lock)
        assert judge(both).verdict is Verdict.VALID
        names = list(both.entries)
        for place in range(len(names) - 1):
            swapped = names.copy()
            swapped[place : place + 2] = [names[place + 1], names[place]]
            assert judge(_in_order(both, swapped)).verdict is Verdict.INVALID, (lock, names[place])

"""Forgeries by someone who holds a real key: every signature verifies, and still one step must refuse."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from core.digest import sm3
from core.verdict import Verdict
from documents.package import Package
from signing import der, oids
from signing.certificate_making import make_revocation_list
from signing.certificates import Certificate
from signing.der import Tag
from signing.ofd.steps import Step
from signing.ofd.verify import verify
from signing.port import Signer, sign_message
from signing.report import State
from signing.seal.making import make_seal

PATH = "Doc_0/Signs/Sign_0/Signature.xml"
VALUE = "Doc_0/Signs/Sign_0/SignedValue.dat"
SEAL = "Doc_0/Signs/Sign_0/Seal.esl"
JUDGED_AT = datetime(2026, 3, 3, tzinfo=UTC)


@pytest.fixture
def resigned(world, sealed_at) -> Callable[..., Package]:
    """The sealed document with a signature value made by hand."""

    def make(
        package: Package | None = None,
        *,
        signer: Signer | None = None,
        seal: bytes | None = None,
        at: datetime = sealed_at,
        version: int = 4,
        path: str = f"/{PATH}",
        data_hash: bytes | None = None,
        extensions: bytes = b"",
        algorithm: str = oids.SM2_WITH_SM3,
        user_id: bytes = b"1234567812345678",
    ) -> Package:
        package = package or world.sealed()
        key = signer or world.signer
        seal = seal or world.seal.raw
        to_sign = der.sequence(
            der.integer(version),
            seal,
            der.generalized_time(at),
            der.bits(data_hash or sm3(package.entries[PATH])),
            der.text(Tag.IA5, path),
            extensions,
        )
        signature = sign_message(key, to_sign, user_id=user_id)
        value = der.sequence(to_sign, der.octets(key.certificate), der.oid(algorithm), der.bits(signature))
        return package.with_entries({VALUE: value})

    return make


def _failed(world, package: Package, **changes: object) -> set[Step]:
    usual: dict[str, object] = {"trust": [world.root], "at": JUDGED_AT}
    report = verify(package.to_bytes(), **(usual | changes))  # type: ignore[arg-type]
    return {one.step for one in report.findings if one.state is State.FAILED}


def test_made_by_hand_without_a_fault_it_is_valid(world, resigned) -> None:
    assert verify(resigned().to_bytes(), trust=[world.root], at=JUDGED_AT).verdict is Verdict.VALID


def test_a_colleague_the_seal_does_not_list(world, authority, resigned) -> None:
    _, stranger = authority.issue("别人")
    assert _failed(world, resigned(signer=stranger)) == {Step.ALLOWED}


def test_a_signer_of_an_authority_of_his_own(world, authority, resigned) -> None:
    thief, _ = authority.issue("贼")
    _, forged = authority.issue("42011200000001", by_key=thief)
    seal = make_seal(world.draft(users=(forged.certificate,)), world.maker).raw
    package = resigned(signer=forged, seal=seal)
    assert _failed(world, package) >= {Step.CERTIFICATE}


@pytest.mark.parametrize(
    ("change", "steps"),
    [
        ({"at": datetime(2027, 2, 20, tzinfo=UTC)}, {Step.TIME, Step.SEAL}),
        ({"at": datetime(2026, 2, 5, tzinfo=UTC)}, {Step.SEAL}),
        ({"at": datetime(2026, 3, 4, tzinfo=UTC)}, {Step.TIME}),
        ({"at": datetime(2026, 1, 1, tzinfo=UTC)}, {Step.CERTIFICATE, Step.TIME, Step.SEAL}),
        ({"data_hash": bytes(32)}, {Step.DATA_HASH}),
        ({"path": "/Doc_0/Signs/Sign_1/Signature.xml"}, {Step.DATA_HASH}),
        ({"version": 5}, {Step.FORMAT}),
        ({"version": 1}, {Step.FORMAT}),
        ({"algorithm": oids.SM3}, {Step.FORMAT}),
        ({"user_id": b"8765432187654321"}, {Step.SIGNATURE}),
    ],
)
def test_one_wrong_statement_under_a_right_signature(
    world, resigned, change: dict[str, object], steps: set[Step]
) -> None:
    assert _failed(world, resigned(**change)) == steps


def test_extensions_may_be_unknown_but_not_critical(world, resigned) -> None:
    def extension(*parts: bytes) -> bytes:
        return der.wrap(Tag.CONTEXT_0, der.sequence(der.sequence(der.oid("1.2.3"), *parts, der.octets(b"x"))))

    assert _failed(world, resigned(extensions=extension())) == set()
    assert _failed(world, resigned(extensions=extension(der.boolean(False)))) == set()
    assert _failed(world, resigned(extensions=extension(der.boolean(True)))) == {Step.FORMAT}


def test_a_seal_changed_and_used_by_its_rightful_signer(world, resigned) -> None:
    """The signer lengthens the validity of the seal; only the maker's signature tells."""
    raw = world.seal.raw
    old = der.generalized_time(world.seal.valid_to)
    changed = raw.replace(old, der.generalized_time(world.seal.valid_to + timedelta(days=3650)))
    assert changed != raw
    other = resigned(world.sealed().with_entries({SEAL: changed}), seal=changed)
    assert _failed(world, other) == {Step.INTEGRITY, Step.SEAL}


def test_another_seal_file_than_the_one_used(world, resigned) -> None:
    other = make_seal(world.draft(name="另一枚印章"), world.maker).raw
    assert _failed(world, resigned(seal=other)) == {Step.SEAL_FILE}


@pytest.mark.parametrize(
    ("old", "new", "step"),
    [
        (b'Boundary="140 220 42 42"', b'Boundary="200 220 42 42"', Step.APPEARANCE),
        (b'PageRef="10"', b'PageRef="11"', Step.APPEARANCE),
        (oids.SM2_WITH_SM3.encode(), b"1.2.840.10045.4.3.2", Step.FORMAT),
        (f'CheckMethod="{oids.SM3}"'.encode(), b'CheckMethod="MD5"', Step.INTEGRITY),
        (f' CheckMethod="{oids.SM3}"'.encode(), b"", Step.INTEGRITY),
    ],
)
def test_a_description_changed_and_signed_again(world, resigned, old: bytes, new: bytes, step: Step) -> None:
    sealed = world.sealed()
    assert old in sealed.entries[PATH]
    changed = sealed.with_entries({PATH: sealed.entries[PATH].replace(old, new)})
    assert _failed(world, resigned(changed)) == {step}


def test_files_taken_off_the_list_and_signed_again(world, resigned) -> None:
    sealed = world.sealed()
    for name in sealed.entries:
        reference = f'<ofd:Reference FileRef="/{name}">'.encode()
        text = sealed.entries[PATH]
        if reference not in text or name.endswith("Signatures.xml"):
            continue
        start = text.index(reference)
        end = text.index(b"</ofd:Reference>", start) + len(b"</ofd:Reference>")
        changed = sealed.with_entries({PATH: text[:start] + text[end:]})
        assert _failed(world, resigned(changed)) == {Step.INTEGRITY}, name


def test_a_picture_that_is_none(world, resigned) -> None:
    for changes in ({"picture": b"no picture"}, {"picture_type": "EXE"}):
        package = world.sealed(seal=make_seal(world.draft(**changes), world.maker))
        assert _failed(world, package) == {Step.APPEARANCE}


def test_a_signer_revoked_before_and_after(world, authority, sealed_at) -> None:
    serial = Certificate.read(world.signer.certificate).serial

    def revoked(days: int) -> bytes:
        return make_revocation_list(
            {serial: sealed_at + timedelta(days=days)},
            authority.root_key,
            Certificate.read(world.root),
            number=1,
            this_update=sealed_at + timedelta(days=10),
            next_update=sealed_at + timedelta(days=40),
        )

    package = world.sealed()
    assert _failed(world, package, lists=[revoked(-1)]) == {Step.CERTIFICATE}
    assert _failed(world, package, lists=[revoked(+1)]) == set()


def test_a_makers_certificate_that_ended_after_the_seal_was_made_does_not_spoil_it(world, authority, sealed_at) -> None:
    _, short = authority.issue("短期制章者", end=sealed_at - timedelta(days=1))
    package = world.sealed(seal=make_seal(world.draft(), short))
    report = verify(package.to_bytes(), trust=[world.root], at=JUDGED_AT)
    assert report.verdict is Verdict.VALID
    assert any("maker" in note.en for note in report.notes)
    late = make_seal(world.draft(created=sealed_at - timedelta(hours=1)), short)
    assert _failed(world, world.sealed(seal=late)) == {Step.SEAL}

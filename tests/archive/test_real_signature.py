"""Package and check with the house's own SM2 signature over the digest list."""

from __future__ import annotations

import pytest

from archive.metadata import SIGNATURE
from archive.package import build
from core.clock import SystemClock
from core.settings import Mode, Settings
from core.verdict import Verdict
from documents.package import Package
from hub.inspect import check_package
from hub.press import Press
from signing.trust import Trust
from tests.archive.cases import case
from tests.preparing import demo_keys


@pytest.fixture(scope="module")
def press(tmp_path_factory: pytest.TempPathFactory) -> Press:
    home = tmp_path_factory.mktemp("press")
    settings = Settings(home, "postgresql://unused", home / "sources.toml", home / "keys", Mode.DEMO)
    demo_keys(settings)
    return Press.open(settings)


@pytest.fixture(scope="module")
def package(press: Press) -> bytes:
    return build(case(), lambda listed: press.sign_detached(listed, SystemClock().now())).data


def test_a_package_signed_by_the_bureau_is_valid_to_who_trusts_it(press: Press, package: bytes) -> None:
    assert check_package(package, press.trust).verdict is Verdict.VALID


def test_the_same_package_cannot_be_judged_by_who_trusts_nobody(package: bytes) -> None:
    assert check_package(package, Trust.of([])).verdict is Verdict.CANNOT_TELL


def test_no_byte_of_the_signature_can_be_turned_under_a_right_checksum(press: Press, package: bytes) -> None:
    entries = dict(Package.read(package).entries)
    for place in range(len(entries[SIGNATURE])):
        turned = bytearray(entries[SIGNATURE])
        turned[place] ^= 1 << (place % 8)
        data = Package({**entries, SIGNATURE: bytes(turned)}).to_bytes()
        assert check_package(data, press.trust).verdict is not Verdict.VALID, place

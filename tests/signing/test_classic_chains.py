"""A P-256 timestamp authority's chain is judged at the moment that counts, and says why it is refused."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.gm import p256
from signing.classic_chains import check_timestamper
from signing.errors import CertificateFault, CertificateRefused, TrustUnknown

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
ROOT = p256.root("测试根", "测试", begins=NOW)
OWN = p256.timestamper("测试时间戳", "测试", ROOT, begins=NOW, days=800)


def ends(at: datetime = NOW, roots: tuple[bytes, ...] = (ROOT.der,), certificate: bytes = OWN.der) -> datetime:
    return check_timestamper(certificate, [], roots, [], at)[1]


def test_a_good_chain_tells_its_certificates_and_until_when_it_holds() -> None:
    chain, until = check_timestamper(OWN.der, [OWN.der], [ROOT.der], [], NOW)
    assert (chain, until) == ((OWN.der, ROOT.der), NOW + timedelta(days=800))

    async def within_a_loop() -> datetime:
        return ends()

    assert asyncio.run(within_a_loop()) == until


@pytest.mark.parametrize(
    ("fault", "at", "certificate", "root"),
    [
        (CertificateFault.EXPIRED, NOW + timedelta(days=801), OWN, ROOT),
        (CertificateFault.NOT_YET_VALID, NOW - timedelta(days=1), OWN, ROOT),
        (CertificateFault.UNTRUSTED, NOW, OWN, p256.root("另一测试根", "测试", begins=NOW)),
        (CertificateFault.USAGE, NOW, p256.tls_server(ROOT), ROOT),
    ],
)
def test_a_refusal_names_its_fault(
    fault: CertificateFault, at: datetime, certificate: p256.Holder, root: p256.Holder
) -> None:
    with pytest.raises(CertificateRefused) as told:
        ends(at if fault is not CertificateFault.USAGE else datetime.now(UTC), (root.der,), certificate.der)
    assert told.value.fault is fault


def test_without_a_root_it_cannot_be_told() -> None:
    with pytest.raises(TrustUnknown):
        ends(roots=())

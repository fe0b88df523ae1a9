"""Chains over several authorities: who may issue what, which of many ways is taken, and what OpenSSL says to it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from OpenSSL import crypto

from core.errors import HubError
from signing import der, oids
from signing.certificates import Certificate, Usage, as_pem, read_many
from signing.errors import CertificateFault, CertificateRefused, TrustUnknown
from signing.extensions import write_extension
from signing.seal.parts import SealSignature
from signing.sm2 import PrivateKey
from signing.trust import Purpose, Trust
from tests.signing.hierarchy import AT, DAY, ISSUES, Node, root, wish


def fault_of(trust: Trust, certificate: Certificate, others: tuple[Node, ...] = (), at=AT) -> CertificateFault:
    with pytest.raises(CertificateRefused) as caught:
        trust.check(certificate, at, others=[one.certificate for one in others])
    return caught.value.fault


@pytest.fixture(scope="module")
def top() -> Node:
    return root()


@pytest.fixture(scope="module")
def between(top: Node) -> Node:
    return top.authority("中级", path_length=0)


@pytest.fixture(scope="module")
def leaf(between: Node) -> Node:
    return between.issue("签名")


def test_a_bundle_of_root_and_intermediate_is_all_that_is_needed(top: Node, between: Node, leaf: Node) -> None:
    for given in ([as_pem(top.raw) + as_pem(between.raw)], [between.raw, top.raw]):
        trust = Trust.of(given)
        assert [one.raw for one in trust.anchors] == [top.raw]
        assert list(trust.check(leaf.certificate, AT)) == [leaf.certificate, between.certificate, top.certificate]


def test_an_intermediate_that_was_given_is_no_anchor_and_its_own_time_counts(top: Node) -> None:
    short = top.authority("短期", not_after=AT - DAY)
    leaf = short.issue("签名")
    assert fault_of(Trust.of([top.raw, short.raw]), leaf.certificate) is CertificateFault.EXPIRED
    assert fault_of(Trust.of([top.raw, short.raw]), leaf.certificate, at=AT - 31 * DAY) in (
        CertificateFault.NOT_YET_VALID,
    )
    # given without its issuer it is an anchor, and still not good after its end
    alone = Trust.of([short.raw])
    assert [one.raw for one in alone.anchors] == [short.raw]
    assert fault_of(alone, leaf.certificate) is CertificateFault.EXPIRED
    assert len(alone.check(leaf.certificate, AT - 2 * DAY)) == 2


def test_one_who_only_bears_the_name_of_a_given_issuer_stays_an_anchor(top: Node) -> None:
    stranger = root().authority("另一家")
    assert stranger.certificate.issuer == top.certificate.subject
    assert len(Trust.of([top.raw, stranger.raw]).anchors) == 2


def test_path_lengths_count_the_authorities_below(top: Node) -> None:
    first = top.authority("一级", path_length=1)
    second = first.authority("二级")
    third = second.authority("三级")
    trust = Trust.of([top.raw])
    assert len(trust.check(second.issue("签名").certificate, AT, others=[first.certificate, second.certificate])) == 4
    assert fault_of(trust, third.issue("签名").certificate, (first, second, third)) is CertificateFault.USAGE


def test_an_authoritys_certificate_for_its_own_new_key_takes_no_place_in_the_path(top: Node) -> None:
    first = top.authority("一级", path_length=0)
    renewed = first.issue("一级", usage=ISSUES, is_authority=True, path_length=0)
    assert renewed.certificate.self_issued
    leaf = renewed.issue("签名")
    chain = Trust.of([top.raw]).check(leaf.certificate, AT, others=[first.certificate, renewed.certificate])
    assert len(chain) == 4


@pytest.mark.parametrize(
    "changes",
    [{"is_authority": False}, {"usage": Usage.CRL_SIGN}, {"usage": Usage.DIGITAL_SIGNATURE}],
)
def test_who_may_not_issue_does_not_stand_in_a_chain(top: Node, changes: dict[str, object]) -> None:
    middle = top.authority("中级", **changes)
    assert fault_of(Trust.of([top.raw]), middle.issue("签名").certificate, (middle,)) is CertificateFault.USAGE


def test_of_two_keys_under_one_name_the_right_one_is_found_in_any_order() -> None:
    one, other = root("同名根"), root("同名根")
    leaf, second = one.issue("签名"), other.issue("签名二")
    for given in ([one.raw, other.raw], [other.raw, one.raw]):
        trust = Trust.of(given)
        assert trust.check(leaf.certificate, AT)[-1].raw == one.raw
        assert trust.check(second.certificate, AT)[-1].raw == other.raw
    assert fault_of(Trust.of([other.raw]), leaf.certificate) is CertificateFault.SIGNATURE


def test_keys_without_identifiers_are_tried_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    from signing import certificate_making

    written = certificate_making._extensions

    def without(*args: object) -> list[bytes]:
        kinds = (der.oid(oids.SUBJECT_KEY_ID), der.oid(oids.AUTHORITY_KEY_ID))
        return [one for one in written(*args) if not any(kind in one for kind in kinds)]  # type: ignore[arg-type]

    monkeypatch.setattr(certificate_making, "_extensions", without)
    ones = [root("同名根") for _ in range(4)]
    trust = Trust.of([one.raw for one in ones])
    for one in ones:
        leaf = one.issue("签名")
        assert leaf.certificate.authority_key_id is None
        assert trust.check(leaf.certificate, AT)[-1].raw == one.raw


def test_of_two_ways_to_an_anchor_one_good_one_is_enough(top: Node) -> None:
    other = root("另一个根")
    key = PrivateKey.generate()
    ended = top.authority("桥", key=key, not_after=AT - DAY)
    good = other.authority("桥", key=key)
    leaf = good.issue("签名")
    trust = Trust.of([top.raw, other.raw])
    both = [ended.certificate, good.certificate]
    for others in (both, both[::-1]):
        assert trust.check(leaf.certificate, AT, others=others)[-1].raw == other.raw
    assert fault_of(trust, leaf.certificate, (ended,)) is CertificateFault.EXPIRED


def test_authorities_that_vouch_for_each_other_do_not_go_on_for_ever(top: Node) -> None:
    one, other = root("甲"), root("乙")
    one_by_other = other.authority("甲", key=one.key)
    other_by_one = one.authority("乙", key=other.key)
    leaf = one.issue("签名")
    came = (one, other, one_by_other, other_by_one)
    assert fault_of(Trust.of([top.raw]), leaf.certificate, came) is CertificateFault.UNTRUSTED
    chain = Trust.of([other.raw]).check(leaf.certificate, AT, others=[node.certificate for node in came])
    assert [node.raw for node in chain] == [leaf.raw, one_by_other.raw, other.raw]


def test_a_chain_may_be_long_but_not_endless(top: Node) -> None:
    chain = [top]
    for number in range(7):
        chain.append(chain[-1].authority(f"第{number}级"))
    trust = Trust.of([top.raw])
    six, seven = chain[6].issue("签名"), chain[7].issue("签名")
    assert len(trust.check(six.certificate, AT, others=[one.certificate for one in chain[1:7]])) == 8
    assert fault_of(trust, seven.certificate, tuple(chain[1:])) is CertificateFault.UNTRUSTED


def test_what_came_along_cannot_make_the_search_long(top: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    from signing import chains

    tried: list[bytes] = []
    check = chains.check_issued
    monkeypatch.setattr(chains, "check_issued", lambda *args: (tried.append(args[0]), check(*args)))
    crowd = [root("人群") for _ in range(12)]
    mesh = [one.authority("人群", key=other.key) for one in crowd for other in crowd if one is not other]
    leaf = crowd[0].issue("签名")
    assert fault_of(Trust.of([top.raw]), leaf.certificate, tuple(mesh)) in (
        CertificateFault.UNTRUSTED,
        CertificateFault.SIGNATURE,
    )
    assert len(tried) <= 110


def test_the_fault_that_is_told_is_the_one_nearest_to_a_good_chain(top: Node, between: Node) -> None:
    trust = Trust.of([top.raw, between.raw])
    thief = root("测试根")
    forged = thief.authority("中级", key=PrivateKey.generate())
    # a forged intermediate of the root's name leads to the root's name, and is not signed by it
    assert fault_of(trust, forged.issue("签名").certificate, (forged,)) is CertificateFault.SIGNATURE
    assert fault_of(trust, root("无关").issue("签名").certificate) is CertificateFault.UNTRUSTED
    # out of its time and of an unknown root: wrong under any root
    ended = root("无关").issue("签名", not_after=AT - DAY)
    assert fault_of(trust, ended.certificate) is CertificateFault.EXPIRED
    # out of its time and forged: forged
    late = thief.issue("签名", not_after=AT - DAY)
    assert fault_of(trust, late.certificate) is CertificateFault.SIGNATURE


def test_an_answer_that_is_remembered_is_the_same_and_still_depends_on_the_time(
    top: Node, between: Node, leaf: Node
) -> None:
    trust = Trust.of([top.raw, between.raw])
    first = trust.check(leaf.certificate, AT)
    assert trust.check(leaf.certificate, AT + DAY) == first
    assert fault_of(trust, leaf.certificate, at=AT + 366 * DAY) is CertificateFault.EXPIRED
    with pytest.raises(CertificateRefused):
        trust.check(leaf.certificate, AT, Purpose.TIMESTAMP)
    assert not first.asked


def test_without_anchors_what_is_wrong_in_itself_is_still_refused(leaf: Node) -> None:
    with pytest.raises(TrustUnknown):
        Trust.of([]).check(leaf.certificate, AT)
    assert fault_of(Trust.of([]), leaf.certificate, at=AT + 400 * DAY) is CertificateFault.EXPIRED


# ── second opinion: OpenSSL 4 through pyOpenSSL, which knows the user ID in X.509 ────────────────────────────


def _openssl_accepts(
    leaf: Node, anchors: list[Node], others: tuple[Node, ...] = (), at=AT, lists: tuple[bytes, ...] = ()
) -> bool:
    store = crypto.X509Store()
    for one in anchors:
        store.add_cert(crypto.load_certificate(crypto.FILETYPE_ASN1, one.raw))
    flags = crypto.X509StoreFlags.X509_STRICT
    if lists:
        from cryptography import x509

        for one in lists:
            store.add_crl(x509.load_der_x509_crl(one))
        flags |= crypto.X509StoreFlags.CRL_CHECK | crypto.X509StoreFlags.CRL_CHECK_ALL
    store.set_flags(flags)
    store.set_time(at.replace(tzinfo=None))
    chain = [crypto.load_certificate(crypto.FILETYPE_ASN1, one.raw) for one in others]
    context = crypto.X509StoreContext(store, crypto.load_certificate(crypto.FILETYPE_ASN1, leaf.raw), chain or None)
    try:
        context.verify_certificate()
    except crypto.X509StoreContextError:
        return False
    return True


def _we_accept(
    leaf: Node, anchors: list[Node], others: tuple[Node, ...] = (), at=AT, lists: tuple[bytes, ...] = ()
) -> bool:
    try:
        Trust.of([one.raw for one in anchors], lists).check(
            leaf.certificate, at, others=[one.certificate for one in others]
        )
    except HubError:
        return False
    return True


def test_openssl_agrees_on_good_and_bad_chains(top: Node, between: Node, leaf: Node) -> None:
    ended = top.authority("短期", not_after=AT - DAY)
    no_authority = top.authority("不是机构", is_authority=False, usage=Usage.DIGITAL_SIGNATURE)
    deep = between.authority("太深")
    thief = root("测试根").authority("中级")
    cases = [
        (leaf, [top], (between,), True),
        (leaf, [top], (), False),
        (leaf, [root()], (between,), False),
        (top.issue("直接"), [top], (), True),
        (ended.issue("签名"), [top], (ended,), False),
        (no_authority.issue("签名"), [top], (no_authority,), False),
        (deep.issue("签名"), [top], (between, deep), False),
        (thief.issue("签名"), [top], (thief,), False),
    ]
    for one, anchors, others, expected in cases:
        assert _openssl_accepts(one, anchors, others) is expected, one.certificate.common_name
        assert _we_accept(one, anchors, others) is expected, one.certificate.common_name


def test_openssl_agrees_on_revoked_chains(top: Node, between: Node, leaf: Node) -> None:
    later = AT + 20 * DAY
    for of_top, of_between, expected in (
        ({}, {}, True),
        ({5: AT}, {6: AT}, True),
        ({}, {leaf.certificate.serial: AT}, False),
        ({between.certificate.serial: AT}, {}, False),
    ):
        lists = (top.revocation_list(of_top), between.revocation_list(of_between))
        assert _openssl_accepts(leaf, [top], (between,), later, lists) is expected
        assert _we_accept(leaf, [top], (between,), later, lists) is expected
    forged = between.revocation_list()[:-1] + b"\x00"
    for lists in ((top.revocation_list(),), (top.revocation_list(), forged)):
        assert not _openssl_accepts(leaf, [top], (between,), later, lists)
        assert not _we_accept(leaf, [top], (between,), later, lists)


# ── certificates as they come ────────────────────────────────────────────────────────────────────────────────


def _remade(node: Node, issuer: Node, *changes: tuple[bytes, bytes]) -> Certificate:
    """The certificate with parts of its body exchanged (of any length), signed again by its issuer."""
    body = der.read(node.certificate.tbs, "body")
    parts = [part.raw for part in body.children("body")]
    for old, new in changes:
        assert any(old in part for part in parts)
        parts = [new if part == old else part for part in parts]
    algorithm = parts[2]
    tbs = der.sequence(*parts)
    return Certificate.read(der.sequence(tbs, algorithm, der.bits(issuer.key.sign(tbs))))


def test_the_algorithm_is_accepted_with_and_without_null(top: Node, leaf: Node, between: Node) -> None:
    plain = der.sequence(der.oid(oids.SM2_WITH_SM3))
    with_null = der.sequence(der.oid(oids.SM2_WITH_SM3), b"\x05\x00")
    remade = _remade(leaf, between, (plain, with_null))
    assert with_null in remade.raw
    assert len(Trust.of([top.raw, between.raw]).check(remade, AT)) == 3


@pytest.mark.parametrize(
    ("tag", "codec"),
    [
        (0x0C, "utf-8"),
        (0x13, "gb18030"),
        (0x14, "gb18030"),
        (0x16, "gb18030"),
        (0x1E, "utf-16-be"),
        (0x1C, "utf-32-be"),
    ],
)
def test_names_are_read_in_every_type_of_text_makers_use(top: Node, leaf: Node, between: Node, tag, codec) -> None:
    name = "某区行政审批局"
    attribute = der.sequence(der.oid(oids.COMMON_NAME), der.wrap(tag, name.encode(codec)))
    subject = der.sequence(der.wrap(0x31, attribute))
    remade = _remade(leaf, between, (leaf.certificate.subject, subject))
    assert remade.common_name == name
    assert len(Trust.of([top.raw, between.raw]).check(remade, AT)) == 3


def test_unusual_extensions_are_passed_over_unless_they_are_critical(leaf: Node, between: Node) -> None:
    body = der.read(leaf.certificate.tbs, "body").children("body")
    extensions = body[-1].raw
    inner = body[-1].inner("extensions", 0xA3).content
    own = "1.2.156.10260.4.1.4"

    def more(*, critical: bool) -> bytes:
        return der.wrap(0xA3, der.sequence(inner, write_extension(own, b"\x0c\x01x", critical=critical)))

    assert _remade(leaf, between, (extensions, more(critical=False))).common_name == "签名"
    with pytest.raises(CertificateRefused, match=own):
        _remade(leaf, between, (extensions, more(critical=True)))


def test_addresses_in_certificates_are_what_openssl_reads(top: Node, tmp_path: Path) -> None:
    directory = "ldap://10.1.2.3:389/CN=crl1,O=CA?certificateRevocationList"
    node = top.issue(
        "签名",
        list_urls=("http://crl.example/a.crl", directory),
        ocsp_urls=("http://ocsp.example",),
        issuer_urls=("http://ca.example/ca.cer",),
    )
    assert node.certificate.crl_urls == ("http://crl.example/a.crl", directory)
    assert node.certificate.ocsp_urls == ("http://ocsp.example",)
    assert node.certificate.issuer_urls == ("http://ca.example/ca.cer",)
    file = tmp_path / "c.der"
    file.write_bytes(node.raw)
    asked = ["openssl", "x509", "-inform", "DER", "-in", str(file), "-noout", "-text"]
    shown = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    for address in (*node.certificate.crl_urls, *node.certificate.ocsp_urls, *node.certificate.issuer_urls):
        assert f"URI:{address}" in shown
    assert f"URI:{directory}" in shown


def test_the_certificates_in_files_of_another_maker_are_read_and_judged(ofd_seals: Path) -> None:
    import zipfile

    trust = Trust.of([(ofd_seals / "pki/root-cert.pem").read_bytes()])
    found = {}
    for path in sorted(ofd_seals.glob("ok-0[136]-*.ofd")):
        with zipfile.ZipFile(path) as package:
            values = [name for name in package.namelist() if name.endswith("SignedValue.dat")]
            signature = SealSignature.read(package.read(values[0]))
        for raw in (signature.certificate, signature.seal.maker_certificate):
            found[raw] = signature.time
    assert len(found) >= 3
    for raw, at in found.items():
        certificate = Certificate.read(raw)
        assert certificate.authority_key_id == trust.anchors[0].subject_key_id
        assert len(trust.check(certificate, at)) == 2


def test_a_wish_is_what_is_read_back(top: Node) -> None:
    node = top.issue("响应", usage=Usage.DIGITAL_SIGNATURE, extended=(oids.OCSP_SIGNING,), no_check=True)
    assert wish("响应").usage & Usage.DIGITAL_SIGNATURE
    assert node.certificate.no_check
    assert node.certificate.extended_usage == {oids.OCSP_SIGNING}
    assert read_many(as_pem(node.raw))[0].raw == node.raw

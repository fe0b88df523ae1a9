"""A hub whose archive holds three packages of one company, and those who want to see them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from archive.reading import read_case
from core.clock import FixedClock
from core.settings import Settings
from hub.caller import Caller, CallerKind
from hub.catalogue import name_key
from hub.context import Hub, open_hub
from hub.deposit import deposit_all
from hub.issue import decide, issue_all
from hub.retrieval_parts import Asked, Form, Holder, Proof, ProofGiven, Requester, Scope
from schemas.names import folded
from store import archive_parties
from store.archive_parties import Identity, Name
from store.connection import fetch_all, transaction
from tests.archive.cases import PDF_BYTES
from tests.databases import copied
from tests.hub.conftest import NOON

NUMBER = "91420112MA4K00002B"
NAME = "武汉某某餐饮有限公司"
LAWYER_PROOFS = (
    ProofGiven(Proof.PRACTICE_CERTIFICATE, PDF_BYTES), ProofGiven(Proof.FIRM_CERTIFICATE),
    ProofGiven(Proof.UNDERTAKING, PDF_BYTES),
)  # fmt: skip


@contextmanager
def archive_of_three(collected: Settings, url: str, home: Path) -> Iterator[Settings]:
    """A copy of a hub that has collected, with three packages that are one company's."""
    settings = copied(collected, url, home)
    with open_hub(settings, FixedClock(NOON)) as hub:
        issue_all(hub, decide(hub).to_issue[:3])
        deposit_all(hub)
        with transaction(hub.connection) as cursor:
            day = NOON.date()
            party = archive_parties.hold(cursor, Identity(hub.subject("company", NUMBER), "company", day, "测试"))
            archive_parties.name(cursor, party, Name(name_key(hub, NAME), NAME, folded(NAME), day))
            cursor.execute("update archive_record set party = %s", (party,))
    yield settings


def staff(account: str, *roles: str) -> Caller:
    return Caller(CallerKind.CLERK, account, f"{account}（测试）", "bureau", "区行政审批局", roles=frozenset(roles))


CLERK = staff("li", "clerk")
ARCHIVIST = staff("zhou", "archivist")
OTHER_ARCHIVIST = staff("wu", "archivist")
BANK = Caller(CallerKind.PARTNER, "bank-1", "某银行开户系统", "bank", "某银行", roles=frozenset({"archive"}))


def entity(hub: Hub) -> Holder:
    return Holder(hub.subject("company", NUMBER), "武**")


ALL = Scope()


def own(form: Form = Form.ORIGINALS, scope: Scope = ALL) -> Asked:
    """The entity asks for its own."""
    return Asked(Requester.ENTITY, None, None, "", form, "办理贷款", scope=scope)


def lawyers(form: Form = Form.ORIGINALS, scope: Scope = ALL, proofs: Sequence[ProofGiven] = LAWYER_PROOFS) -> Asked:
    """A lawyer asks at the counter."""
    return Asked(Requester.LAWYER, "某某律师事务所", "张律师", NUMBER, form, "某合同纠纷案代理", proofs, scope)


def file_numbers(hub: Hub) -> list[str]:
    return [row[0] for row in fetch_all(hub.connection, "select file_no from archive_record order by file_no")]


def originals(hub: Hub) -> dict[str, bytes]:
    """SM3-independent: every file inside every package, by package and title."""
    found = {}
    for file_no, path in fetch_all(hub.connection, "select file_no, path from archive_package"):
        for folder in read_case((hub.settings.home / path).read_bytes()).folders:
            for file in folder.files:
                found[f"{file_no}/{file.standard_name}"] = file.data
    return found

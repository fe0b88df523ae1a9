"""The answer to a granted request: what is given out, and the certificate over it.

Files of packages are not copied: what is kept is which file it was and its digest, and it is taken out of its package
again when it is fetched. A run that died before its last transaction left at most a use of the seal; the next begins
anew.
"""

from __future__ import annotations

import json
import logging
from typing import Final

from core.digest import sm3
from core.errors import HubError, Retryable
from hub.annotated import last_moment
from hub.caller import operator
from hub.context import Hub, OnStep, no_step
from hub.designation import address_of, digest_of, new_token
from hub.press import Press
from hub.retrieval_certificate import sheet_of
from hub.retrieval_errors import NothingToHand, SealOfAnother, StageWrong
from hub.retrieval_facts import gather
from hub.retrieval_fetch import fetch, proof_file
from hub.retrieval_files import choose, in_scope
from hub.retrieval_kept import KeptAnswer, answered_of, titles
from hub.retrieval_lists import scope_of, stage_on, visible
from hub.retrieval_log import account_of, number_of, of_step, refuse
from hub.retrieval_parts import FACTS, Answered, By, Form, Handed, Stage
from hub.retrieval_rules import rules_of
from hub.sheets import seal_sheet
from hub.volume import name_of, volume_of
from store import archive_requests, audit
from store.archive_requests import RESOURCE, NewFile, Step, Stored
from store.connection import transaction
from store.turns import only_one

__all__ = ["answer", "answer_granted", "fetch", "proof_file"]

_LOG = logging.getLogger(__name__)
_JSON: Final = "application/json"
_OFD: Final = "application/ofd"


def answer(hub: Hub, request: str, by: By, on_step: OnStep = no_step) -> Answered:
    """Make the answer of a granted request; of one that has its answer, give that back (without pick-up code).

    Raises:
        RequestUnknown, StageWrong.
        PackageUnsound: a package is not sound now; nothing was given out.
        NothingToHand: everything that was asked for has to stay in the archive.
        SealOfAnother: the press holds another stamp than the one certificates bear here.
        TurnTaken: a Retryable; another process answers it.
        HubError: of the seal, as `hub.sheets.seal_sheet`.
    """
    stored = visible(hub, request, by)
    with only_one(hub.connection, f"answer request {stored.id}"):
        stored = visible(hub, stored.id, by)
        found = answered_of(hub, stored)
        if found is not None:
            return found
        try:
            return _made(hub, stored, by, on_step)
        except Retryable:
            raise
        except HubError as error:
            refuse(hub, of_step(hub, by, "出具", stored), error)
            raise


def answer_granted(hub: Hub, on_step: OnStep = no_step) -> list[str]:
    """Go on with every granted request that has no answer yet; their numbers. One that cannot be answered is left.

    Raises:
        HubError: only what may succeed later (a Retryable); what was answered stays answered.
    """
    done = []
    for stored in archive_requests.in_stage(hub.connection, hub.vault, [Stage.GRANTED.value]):
        try:
            answer(hub, stored.id, operator(), on_step)
        except Retryable:
            raise
        except HubError as error:
            # why stands in the audit log, too
            _LOG.warning("request %s cannot be answered: %s", number_of(stored), error)
            continue
        done.append(number_of(stored))
    return done


def _made(hub: Hub, stored: Stored, by: By, on_step: OnStep) -> Answered:
    if stored.stage != Stage.GRANTED:
        stage = stage_on(hub, stored)
        raise StageWrong(f"request {number_of(stored)} is {stage.value} ({stage.chinese}); there is nothing to answer.")
    stamp = _stamp(hub)
    now = hub.clock.now()
    until = last_moment(now, stored.terms["days"])
    answered, facts, given = _content(hub, stored)
    on_step("answer.chosen")
    token, pick_up = new_token(), new_token()
    sheet = sheet_of(
        stored,
        holder=name_of(hub, stored.party),
        files=answered.files,
        left_out=answered.left_out,
        address=address_of(hub.settings, token),
        stamp=stamp,
        now=now,
        until=until,
    )
    sealed = seal_sheet(hub, sheet, case_no=number_of(stored), on_step=on_step)
    list_ = KeptAnswer(answered.files, answered.places, answered.left_out, sealed.pages)
    files = [NewFile("answer", list_.to_bytes(), _JSON), NewFile("certificate", sealed.data, _OFD)]
    if facts is not None:
        files.append(NewFile("facts", facts, _JSON))
    usage = of_step(hub, by, "出具", stored, {"archive": given})
    hub.vault.ready(RESOURCE)
    with transaction(hub.connection) as cursor:
        held = archive_requests.hold(cursor, hub.vault, stored.id)
        if held.stage != Stage.GRANTED:
            raise StageWrong(f"request {number_of(stored)} was {held.stage} meanwhile; its answer was thrown away.")
        entry = audit.append(cursor, usage, now)
        archive_requests.add_files(cursor, hub.vault, stored.id, files)
        archive_requests.answered(
            cursor,
            stored.id,
            certificate_sm3=sealed.sm3,
            token_sm3=digest_of(token),
            pick_up_sm3=digest_of(pick_up),
            expires_at=until,
            now=now,
        )
        archive_requests.add_step(cursor, hub.vault, stored.id, Step("answered", *account_of(by), "", entry), now)
    on_step("answer.recorded")
    made = answered_of(hub, archive_requests.by_id(hub.connection, hub.vault, stored.id) or stored, pick_up)
    if made is None:
        raise AssertionError("an answer that was written down is not there")
    return made


def _content(hub: Hub, stored: Stored) -> tuple[KeptAnswer, bytes | None, tuple[str, ...]]:
    """What is given out: its list, the file of facts where it is one, and what the audit log says of it."""
    volume = volume_of(hub, stored.party)
    if stored.form == Form.FACTS:
        company = stored.told["company"]
        facts = gather(hub, volume, stored.terms["facts"], company=company, mask=stored.masked)
        said = {"number": number_of(stored), **facts.told}
        data = json.dumps(said, ensure_ascii=False, indent=2).encode()
        handed = Handed(FACTS, "机读档案", _JSON, len(data), sm3(data).hex(), masked=stored.masked)
        return KeptAnswer((handed,), (None,), (), 0), data, facts.names
    entries = in_scope(volume.entries, scope_of(stored.told))
    chosen = choose(hub, entries, mask=stored.masked)
    if not chosen.files:
        raise NothingToHand(
            f"of the {len(chosen.left_out)} files request {number_of(stored)} asks for none can be given out with data "
            "of third parties masked; nothing was given out. Withdraw it, or ask again for what can be."
        )
    return KeptAnswer(chosen.files, chosen.places, chosen.left_out, 0), None, tuple(titles(chosen.files))


def _stamp(hub: Hub) -> str | None:
    """The name of the stamp certificates should bear, None where the press holds it.

    Raises:
        RulesBroken, SealOfAnother, PressUnset.
    """
    rules = rules_of(hub.settings)
    held = Press.open(hub.settings).bureau.seal_name
    if held == rules.stamp:
        return None
    if rules.stamp_verified:
        raise SealOfAnother(
            f"certificates of this bureau bear the stamp {rules.stamp}, and the press holds {held}; nothing was "
            "sealed. Put the right seal into press.toml, or correct `stamp` in the table of rules."
        )
    return rules.stamp

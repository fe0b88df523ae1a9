"""Who may ask for what: organisation × item × field × purpose, denied unless a grant says otherwise."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from threading import Lock
from typing import ClassVar, Final

from core.clock import Clock, SystemClock, today
from core.errors import HubError, Permanent
from core.settings import Settings
from hub.access_file import AccessFile, Grant, Partner, Staff, Terminal, read_access
from hub.caller import Caller, CallerKind
from schemas.items import ServiceItem

_LOG = logging.getLogger(__name__)

#: Role of a terminal's caller for one request: the holder of the number stands before it.
HOLDER_PRESENT: Final = "holder_present"
#: The only thing a terminal may ask for.
SELF_SERVICE: Final = "self_service"
_ISSUING: Final = "issuing"
#: Seconds between two looks at whether the file changed.
_LOOK: Final = 1.0


class NotAllowed(Permanent):
    """No grant lets this caller ask for this item for this purpose."""

    code: ClassVar[str] = "HUB-861"


@dataclass(frozen=True, slots=True)
class Right:
    """What a caller may have of an item for a purpose.

    Attributes:
        basis: title of the law the purpose rests on.
        quota: lookups a day; None where they are not counted (the hub itself).
        allowed: `resource.field` of what it may see; None for whatever the item's materials release.
    """

    purpose: str
    basis: str
    quota: int | None
    may_withhold: bool = False
    allowed: frozenset[str] | None = field(default=None, repr=False)

    def fields(self, resource: str, names: Sequence[str]) -> tuple[str, ...]:
        """Those of the names it may see, in their order."""
        if self.allowed is None:
            return tuple(names)
        return tuple(name for name in names if f"{resource}.{name}" in self.allowed)


class CopyNotAllowed(Permanent):
    """No grant lets this caller have annotated copies of this type of licence for this use."""

    code: ClassVar[str] = "HUB-965"


@dataclass(frozen=True, slots=True)
class CopyRight:
    """What a caller may have of annotated copies: `quota` a day (None: not counted), each for `most_days` at most."""

    basis: str
    quota: int | None
    most_days: int


class Access:
    """The access file as it stands; read anew once it changes. To be shared between threads.

    A changed file that is broken is not taken: the rules before it stay in force, the log says so, and `trouble`
    holds what is wrong until it is mended.
    """

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._lock = Lock()
        self._looked = 0.0
        self._stamp: tuple[int, int, int] | None = None
        self._rules = AccessFile()
        self.trouble: HubError | None = None

    @classmethod
    def open(cls, settings: Settings, clock: Clock | None = None) -> Access:
        """Read the file. Where there is none, nobody but the hub itself may ask for anything.

        Raises:
            AccessFileBroken, DemoAccessRefused: it is there and cannot be taken.
        """
        access = cls(settings, clock)
        access._stamp = access._seen()
        if access._stamp is not None:
            access._rules = read_access(settings.access_file, settings.mode)
        access._looked = time.monotonic()
        return access

    def rules(self) -> AccessFile:
        """What is in force now."""
        if time.monotonic() - self._looked > _LOOK:
            self.look()
        return self._rules

    def look(self) -> None:
        """Take a changed file at once."""
        with self._lock:
            self._looked = time.monotonic()
            stamp = self._seen()
            if stamp == self._stamp:
                return
            self._stamp = stamp
            try:
                # Taken away is not the same as emptied: a slip of a copy must not open or close every door.
                self._rules = read_access(self._settings.access_file, self._settings.mode)
            except HubError as error:
                self.trouble = error
                _LOG.error("the changed access file is not taken, the rules before it stay in force: %s", error)
            else:
                self.trouble = None
                _LOG.info("the access file was read anew")

    def right(self, caller: Caller, item: ServiceItem, purpose: str) -> Right:
        """What the caller may have.

        Raises:
            NotAllowed: nothing.
        """
        basis = next((one.basis for one in item.purposes if one.code == purpose), None)
        if basis is None:
            raise NotAllowed(
                f"{item.name} releases nothing for this purpose; nothing was looked up. "
                f"Its purposes are: {', '.join(one.code for one in item.purposes) or 'none'}."
            )
        if caller.kind is CallerKind.SYSTEM:
            return _own(caller, purpose, basis)
        rules = self.rules()
        if not _handles(rules, caller, item):
            raise _refused(caller, item)
        if caller.kind is CallerKind.TERMINAL:
            if purpose != SELF_SERVICE:
                raise NotAllowed("a terminal asks for self-service only; nothing was looked up.")
            if HOLDER_PRESENT not in caller.roles:
                raise NotAllowed(
                    "a terminal asks only for the holder who stands before it, and the request does not say that one "
                    "does; nothing was looked up."
                )
        day = today(self._clock)
        grants = [grant for grant in rules.grants if _gives(grant, caller, item, purpose, day)]
        if not grants:
            raise _refused(caller, item)
        allowed: frozenset[str] | None = frozenset()
        for grant in grants:
            allowed = None if allowed is None or grant.fields == "item" else allowed | frozenset(grant.fields)
        return Right(
            purpose=purpose,
            basis=basis,
            quota=max(grant.quota for grant in grants),
            may_withhold=any(grant.may_withhold for grant in grants),
            allowed=allowed,
        )

    def copy_right(self, caller: Caller, item: ServiceItem, purpose: str, licence_type: str) -> CopyRight:
        """What the caller may have of annotated copies of licences of a type, for an item it handles.

        Raises:
            CopyNotAllowed: nothing.
        """
        rules = self.rules()
        most = rules.copies.most_days
        if caller.kind is CallerKind.SYSTEM and "operator" in caller.roles:
            return CopyRight(basis="", quota=None, most_days=most)
        day = today(self._clock)
        present = caller.kind is not CallerKind.TERMINAL or HOLDER_PRESENT in caller.roles
        grants = [
            grant
            for grant in rules.copy_grants
            if present
            and caller.organisation in grant.organisations
            and caller.kind in grant.callers
            and grant.gives(licence_type, item.code, purpose, day)
        ]
        if not grants or not _handles(rules, caller, item):
            raise CopyNotAllowed(
                f"{caller.organisation_name} ({caller.kind.value}) has no right to annotated copies of this type of "
                f"licence for {item.name} and this purpose; no copy was made. Who should have it needs a "
                "[[copy_grants]] in the access file (`hub access check`)."
            )
        widest = max(grants, key=lambda grant: (grant.most_days, grant.quota))
        return CopyRight(basis=widest.basis, quota=widest.quota, most_days=min(most, widest.most_days))

    def may(self, caller: Caller, item: ServiceItem, purpose: str) -> bool:
        """Whether there is a right, for a list to choose from."""
        try:
            self.right(caller, item, purpose)
        except NotAllowed:
            return False
        return True

    def check_status(self, caller: Caller) -> None:
        """Return when the caller may ask how a licence stands.

        Raises:
            NotAllowed: it may not.
        """
        rules = self.rules()
        entry = rules.member(caller.kind, caller.id)
        day = today(self._clock)
        known = entry is not None and entry.organisation == caller.organisation
        if not known or not any(one.gives(caller.organisation, caller.kind, day) for one in rules.status):
            raise NotAllowed(
                f"{caller.organisation_name} ({caller.kind.value}) has no right to ask for states of licences; nothing "
                "was looked up. Who should have it needs a section [[status]] in the access file."
            )

    def caller(self, kind: CallerKind, account: str) -> Caller | None:
        """Whom an account, terminal number or client id stands for; None where there is no such entry."""
        rules = self.rules()
        entry = rules.member(kind, account)
        organisation = rules.organisation(entry.organisation) if entry is not None else None
        if entry is None or organisation is None:
            return None
        return Caller(
            kind=kind,
            id=entry.id,
            name=entry.name,
            organisation=organisation.code,
            organisation_name=organisation.name,
            street=organisation.street,
            place=entry.place if isinstance(entry, Terminal) else None,
            roles=frozenset() if isinstance(entry, Terminal) else frozenset(entry.roles),
        )

    def _seen(self) -> tuple[int, int, int] | None:
        try:
            found = self._settings.access_file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size


def with_holder(caller: Caller) -> Caller:
    """A terminal's caller for one request that says the holder stands before it."""
    return replace(caller, roles=caller.roles | {HOLDER_PRESENT})


def _own(caller: Caller, purpose: str, basis: str) -> Right:
    """The operator may ask for whatever the item may be asked for; what issues, for issuing only."""
    if "operator" in caller.roles or ("issuing" in caller.roles and purpose == _ISSUING):
        return Right(purpose, basis, quota=None)
    raise NotAllowed(f"this part of the hub has no right to ask for {purpose}; nothing was looked up.")


def _handles(rules: AccessFile, caller: Caller, item: ServiceItem) -> bool:
    """Whether the caller is still what the file says, and its organisation handles items of this level.

    Asked of the file and not of the caller: an entry or a role taken away counts at once.
    """
    entry = rules.member(caller.kind, caller.id)
    organisation = rules.organisation(caller.organisation)
    if entry is None or organisation is None or entry.organisation != caller.organisation:
        return False
    if isinstance(entry, Staff) and ("clerk" not in entry.roles or item.code not in (entry.items or [item.code])):
        return False
    return isinstance(entry, Partner) or not set(organisation.levels).isdisjoint(item.levels)


def _gives(grant: Grant, caller: Caller, item: ServiceItem, purpose: str, day: date) -> bool:
    return (
        caller.organisation in grant.organisations
        and caller.kind in grant.callers
        and purpose in grant.purposes
        and grant.covers(item.code)
        and grant.holds_on(day)
    )


def _refused(caller: Caller, item: ServiceItem) -> NotAllowed:
    return NotAllowed(
        f"{caller.organisation_name} ({caller.kind.value}) has no right to {item.name} for this purpose; nothing was "
        "looked up. Who should have it needs a grant in the access file (`hub access check`)."
    )

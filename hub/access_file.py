"""`access.toml`: organisations, who works for them, machines, what each may ask for. Read and checked as a whole."""

from __future__ import annotations

import os
import tomllib
from collections import Counter
from collections.abc import Iterable
from datetime import date, time
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from core.errors import Permanent
from core.settings import Mode
from hub.caller import CallerKind
from hub.passwords import well_formed
from schemas.declared import Declared
from schemas.items import all_items, all_purposes
from schemas.items.model import Level
from schemas.licence_types import all_licence_types
from schemas.registry import MODELS


class AccessFileBroken(Permanent):
    """The file that says who may ask for what cannot be read, or contradicts itself."""

    code: ClassVar[str] = "HUB-860"


class DemoAccessRefused(Permanent):
    """In production mode the access file names an account, terminal or partner of the demonstration."""

    code: ClassVar[str] = "HUB-868"


Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
ROLES = ("clerk", "data_steward", "auditor", "operator", "licence_officer", "archivist")
#: Roles a machine may have; whatever it looks up is granted, not a role.
MACHINE_ROLES = ("licence_officer", "transfer", "archive")
#: The role of another hub, which may hand over archives that were announced.
TRANSFER = "transfer"
#: The role of a partner that may ask for archives, as far as the table of retrieval lets its kind.
ARCHIVE = "archive"
#: Kinds of callers a grant can name.
GRANTED = (CallerKind.CLERK, CallerKind.TERMINAL, CallerKind.PARTNER)
_ALL: Literal["all"] = "all"


class Organisation(Declared):
    """An office, street or firm whose people or machines ask.

    Attributes:
        street: nine-digit code of the street it serves; None for the whole district.
        levels: it handles items of these levels and no others.
    """

    code: Code
    name: str
    street: Annotated[str, Field(pattern=r"^[0-9]{9}$")] | None = None
    levels: tuple[Level, ...] = Field(default=(Level.DISTRICT,), min_length=1)


class _Member(Declared):
    id: Code
    name: str
    organisation: Code
    demo: bool = False


def _hash(value: str | None) -> str | None:
    if value is not None and not well_formed(value):
        raise ValueError("is no scrypt hash; make one with `hub access hash`")
    return value


class Staff(_Member):
    """One person's account.

    Attributes:
        roles: some of `ROLES`; only a clerk looks up.
        subject: what the identity provider calls the person; None for one who signs in with a password.
        password: scrypt hash; only for demonstrations.
        items: narrows what the organisation is granted; None for no narrower.
    """

    roles: tuple[str, ...] = Field(min_length=1)
    subject: str | None = None
    password: str | None = None
    items: Annotated[tuple[str, ...], Field(min_length=1)] | None = None

    _password = field_validator("password")(_hash)

    @model_validator(mode="after")
    def _signs_in_somehow(self) -> Self:
        if unknown := set(self.roles) - set(ROLES):
            raise ValueError(f"{', '.join(sorted(unknown))} is no role; there are {', '.join(ROLES)}")
        if (self.subject is None) == (self.password is None):
            raise ValueError("an account has either `subject` or `password`")
        if self.password is not None and not self.demo:
            raise ValueError("passwords are for demonstrations: give `subject`, or mark the account `demo = true`")
        return self


class Terminal(_Member):
    """A self-service terminal at a registered place; its requests are signed (RFC 9421).

    Attributes:
        algorithm: `hmac-sha256`, or `ed25519`.
        key_file: shared secret (hexadecimal), or public key (PEM); a relative name is beside the access file.
    """

    place: str
    algorithm: Literal["hmac-sha256", "ed25519"]
    key_file: Path


class Partner(_Member):
    """Another system; it gets tokens by OAuth2 client credentials, or signs its requests (RFC 9421, Ed25519).

    Attributes:
        secret: scrypt hash; None for one that signs.
        key_file: public key (PEM) of one that signs; a relative name is beside the access file.
        roles: some of `MACHINE_ROLES`: `licence_officer` of a system that takes steps of licences in its organisation's
            name, `transfer` of another hub, which signs; `archive` of one that may ask for archives.
    """

    secret: str | None = None
    key_file: Path | None = None
    roles: tuple[str, ...] = ()

    _secret = field_validator("secret")(_hash)

    @field_validator("roles")
    @classmethod
    def _known_roles(cls, roles: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := set(roles) - set(MACHINE_ROLES):
            raise ValueError(
                f"{', '.join(sorted(unknown))} is no role of a machine; there is {', '.join(MACHINE_ROLES)}"
            )
        return roles

    @model_validator(mode="after")
    def _proves_itself_somehow(self) -> Self:
        if (self.secret is None) == (self.key_file is None):
            raise ValueError("a partner has either `secret` or `key_file`")
        if TRANSFER in self.roles and self.key_file is None:
            raise ValueError("a hub that hands over archives signs its requests: give `key_file`")
        return self


class Grant(Declared):
    """Whatever no grant names is refused.

    Attributes:
        callers: kinds of callers of these organisations it is for.
        items: codes of service items, or `all`.
        purposes: purpose codes; a terminal has `self_service` and nothing else, whatever stands here.
        fields: `item` for what the item's materials release, or a list of `resource.field` that narrows it.
        quota: lookups a caller may make a day.
        since, until: first and last day it holds, such as those of a delegation to streets.
        may_withhold: the organisation may, by law, keep an entry from the person looked at until a day.
    """

    organisations: tuple[Code, ...] = Field(min_length=1)
    callers: tuple[CallerKind, ...] = Field(min_length=1)
    items: tuple[str, ...] | Literal["all"]
    purposes: tuple[str, ...] = Field(min_length=1)
    fields: tuple[str, ...] | Literal["item"] = "item"
    quota: Annotated[int, Field(gt=0)]
    since: date | None = None
    until: date | None = None
    may_withhold: bool = False

    @model_validator(mode="after")
    def _names_real_things(self) -> Self:
        if CallerKind.SYSTEM in self.callers:
            raise ValueError("the hub's own rights come from the program, not from this file")
        _known("item", _listed(self.items), all_items())
        _known("purpose", self.purposes, all_purposes())
        for name in _listed(self.fields):
            resource, _, field = name.rpartition(".")
            if resource not in MODELS or field not in MODELS[resource].model_fields:
                raise ValueError(f"there is no field {name}")
        return self

    def holds_on(self, day: date) -> bool:
        """Whether the day lies between its first and last."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)

    def covers(self, item: str) -> bool:
        """Whether it names the item."""
        return self.items == _ALL or item in self.items


class CopyGrant(Declared):
    """Who may have annotated copies 加注件 made; whatever no such grant names is refused.

    Attributes:
        callers: kinds of callers of these organisations it is for.
        licence_types: ids of licence types, or `all`.
        items: codes of the service items a copy is used for, or `all`.
        purposes: purpose codes.
        fields: `face`, and nothing else: a copy shows every line of the licence, and who grants one says so.
        basis: title of the law it rests on.
        most_days: the latest day a copy may end on, counted from its making; at most that of `[copies]`.
        quota: copies a caller may have made a day, beside its lookups.
        since, until: first and last day it holds.
    """

    organisations: tuple[Code, ...] = Field(min_length=1)
    callers: tuple[CallerKind, ...] = Field(min_length=1)
    licence_types: Annotated[tuple[str, ...], Field(min_length=1)] | Literal["all"]
    items: Annotated[tuple[str, ...], Field(min_length=1)] | Literal["all"]
    purposes: tuple[str, ...] = Field(min_length=1)
    fields: Literal["face"]
    basis: str
    most_days: Annotated[int, Field(ge=0)]
    quota: Annotated[int, Field(gt=0)]
    since: date | None = None
    until: date | None = None

    @model_validator(mode="after")
    def _names_real_things(self) -> Self:
        if CallerKind.SYSTEM in self.callers:
            raise ValueError("the hub's own rights come from the program, not from this file")
        _known("licence type", _listed(self.licence_types), all_licence_types())
        _known("item", _listed(self.items), all_items())
        _known("purpose", self.purposes, all_purposes())
        return self

    def gives(self, licence_type: str, item: str, purpose: str, day: date) -> bool:
        """Whether it gives a copy of such a licence for such a use on a day."""
        return (
            (self.licence_types == _ALL or licence_type in self.licence_types)
            and (self.items == _ALL or item in self.items)
            and purpose in self.purposes
            and (self.since is None or self.since <= day)
            and (self.until is None or day <= self.until)
        )


class Copies(Declared):
    """Annotated copies, whoever asks for them; the number of days is our own guess.

    Attributes:
        most_days: the latest day a copy may end on, counted from its making.
    """

    most_days: Annotated[int, Field(ge=0, le=3660)] = 90


class StatusGrant(Declared):
    """Who may ask by program how a licence stands; no facts and no holder come of it.

    Attributes:
        callers: kinds of callers of these organisations it is for.
        since, until: first and last day it holds.
    """

    organisations: tuple[Code, ...] = Field(min_length=1)
    callers: tuple[CallerKind, ...] = Field(min_length=1)
    since: date | None = None
    until: date | None = None

    def gives(self, organisation: str, kind: CallerKind, day: date) -> bool:
        """Whether it is for callers of this kind of the organisation, on this day."""
        held = (self.since is None or self.since <= day) and (self.until is None or day <= self.until)
        return held and organisation in self.organisations and kind in self.callers


class Provider(Declared):
    """The identity provider staff sign in with (OpenID Connect).

    Attributes:
        issuer: its address; `/.well-known/openid-configuration` is read below it.
        claim: the claim compared with `subject` of the accounts.
        secret_file: client secret; a relative name is beside the access file. None for a public client.
    """

    issuer: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$")]
    client_id: str
    secret_file: Path | None = None
    scope: str = "openid"
    claim: str = "sub"


class Limits(Declared):
    """Requests the web takes; more are answered with 429.

    Attributes:
        per_address, per_session: requests a second, on average; ten times as many at once.
        checks_per_address: of these, public checks of licences; an IPv6 address counts with its /64 network.
        numbers_per_day: public checks by identifier and number an address has in a day, as numbers can be counted on.
        sign_ins: failed sign-ins an account or address has in a quarter of an hour.
    """

    per_address: Annotated[float, Field(gt=0)] = 50.0
    per_session: Annotated[float, Field(gt=0)] = 20.0
    checks_per_address: Annotated[float, Field(gt=0)] = 1.0
    numbers_per_day: Annotated[int, Field(gt=0)] = 200
    sign_ins: Annotated[int, Field(gt=0)] = 10


class Watch(Declared):
    """When asking looks like trying numbers. All of these are our own guess, to be set from what is normal here.

    Attributes:
        minutes: length of the time looked at.
        misses: lookups that found nothing of the number asked for, refused ones included.
        neighbours: different numbers that differ in their last four characters only.
        day_begins, day_ends: lookups outside are off hours, Asia/Shanghai; Saturday and Sunday count as days.
        off_hours: lookups outside.
        severe: an alarm is severe, and stops the caller, at this many times the threshold; an alarm of neighbouring
            numbers always is.
    """

    minutes: Annotated[int, Field(gt=0, le=24 * 60)] = 60
    misses: Annotated[int, Field(gt=0)] = 20
    neighbours: Annotated[int, Field(gt=1)] = 5
    day_begins: time = time(8, 0)
    day_ends: time = time(20, 0)
    off_hours: Annotated[int, Field(gt=0)] = 10
    severe: Annotated[int, Field(gt=0)] = 3


class AccessFile(Declared):
    """The whole file. Everything is optional: an empty file allows nobody anything."""

    organisations: tuple[Organisation, ...] = ()
    staff: tuple[Staff, ...] = ()
    terminals: tuple[Terminal, ...] = ()
    partners: tuple[Partner, ...] = ()
    grants: tuple[Grant, ...] = ()
    copy_grants: tuple[CopyGrant, ...] = ()
    status: tuple[StatusGrant, ...] = ()
    provider: Provider | None = None
    limits: Limits = Limits()
    watch: Watch = Watch()
    copies: Copies = Copies()

    @property
    def members(self) -> tuple[Staff | Terminal | Partner, ...]:
        """Everybody who can ask."""
        return (*self.staff, *self.terminals, *self.partners)

    def member(self, kind: CallerKind, account: str) -> Staff | Terminal | Partner | None:
        """The entry of an account, terminal number or client id; None where there is none of this kind."""
        found: tuple[Staff | Terminal | Partner, ...] = ()
        if kind is CallerKind.CLERK:
            found = self.staff
        elif kind is CallerKind.TERMINAL:
            found = self.terminals
        elif kind is CallerKind.PARTNER:
            found = self.partners
        return next((one for one in found if one.id == account), None)

    def staff_of(self, subject: str) -> Staff | None:
        """The account of whom the identity provider calls so."""
        return next((one for one in self.staff if one.subject is not None and one.subject == subject), None)

    def organisation(self, code: str) -> Organisation | None:
        """The organisation of a code."""
        return next((one for one in self.organisations if one.code == code), None)

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        codes = [organisation.code for organisation in self.organisations]
        _once("organisation", codes)
        _once("account", [member.id for member in self.members])
        _once("subject", [account.subject for account in self.staff if account.subject is not None])
        for member in self.members:
            _known("organisation", [member.organisation], codes, f"{member.id}: ")
        for place, grant in enumerate(self.grants, start=1):
            _known("organisation", grant.organisations, codes, f"grant {place}: ")
        for place, right in enumerate(self.status, start=1):
            _known("organisation", right.organisations, codes, f"status {place}: ")
        for place, copy_grant in enumerate(self.copy_grants, start=1):
            _known("organisation", copy_grant.organisations, codes, f"copy grant {place}: ")
        for account in self.staff:
            _known("item", account.items or (), all_items(), f"{account.id}: ")
        return self


def read_access(path: Path, mode: Mode) -> AccessFile:
    """The file, checked.

    Raises:
        AccessFileBroken: unreadable, no TOML, or it names what is not there.
        DemoAccessRefused: it names demonstration entries and the mode is production.
    """
    try:
        found = AccessFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise AccessFileBroken(f"{path} cannot be read ({error.strerror}); nobody was let in by it.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise AccessFileBroken(f"{path} is no TOML file: {error}. Correct it; nothing of it is in force.") from None
    except ValidationError as error:
        told = "; ".join(
            f"{'.'.join(str(part) for part in line['loc']) or 'the file'}: {line['msg']}"
            for line in error.errors(include_url=False, include_input=False)
        )
        raise AccessFileBroken(f"{path}: {told}. Correct it; nothing of it is in force.") from None
    if mode is Mode.PRODUCTION and found.provider is not None and not found.provider.issuer.startswith("https://"):
        raise AccessFileBroken(f"{path}: provider.issuer must be an https address in production mode.")
    demo = [member.id for member in found.members if member.demo]
    if demo and mode is Mode.PRODUCTION:
        raise DemoAccessRefused(
            f"{path} names {', '.join(demo[:5])}, marked as of the demonstration, and this hub is in production mode; "
            "nothing of the file is in force. Remove these entries."
        )
    return found


def missing_files(file: AccessFile, folder: Path) -> list[str]:
    """Names of key and secret files that the file points to and that cannot be read."""
    names = [terminal.key_file for terminal in file.terminals]
    names += [partner.key_file for partner in file.partners if partner.key_file is not None]
    if file.provider is not None and file.provider.secret_file is not None:
        names.append(file.provider.secret_file)
    return [str(name) for name in names if not os.access(folder / name, os.R_OK)]


def _listed(names: tuple[str, ...] | str) -> tuple[str, ...]:
    return names if isinstance(names, tuple) else ()


def _known(what: str, names: Iterable[str], known: Iterable[str], where: str = "") -> None:
    there = set(known)
    if unknown := [name for name in names if name not in there]:
        raise ValueError(f"{where}there is no {what} {', '.join(unknown[:3])}")


def _once(what: str, names: Iterable[str]) -> None:
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        raise ValueError(f"two entries bear the {what} {', '.join(twice[:3])}")

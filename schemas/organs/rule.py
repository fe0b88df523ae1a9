"""The rule of one organ: face, metadata, identifier, seal and signer's certificate name one organ, when it was sealed.

The issuer on the face = its name in the metadata (ZZBFJG) = its code there (ZZBFJGDM) = the code in the identifier
= the organ of the seal's name = the organ of the signer's certificate, under the dated table of organs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from core.clock import SHANGHAI
from schemas.errors import IdentifierRefused
from schemas.identifiers.credit import CreditCode
from schemas.organs.model import NameBorne, Organ, OrganTable

_CODE_LENGTH: Final = 18
#: So much of a name from a file is told; a name of an organ is shorter.
_LONGEST_TOLD: Final = 60


class Ruling(StrEnum):
    """What came of it. A licence that breaks the rule in one place breaks it, whatever else cannot be told."""

    KEEPS = "keeps"
    BREAKS = "breaks"
    CANNOT_TELL = "cannot_tell"

    @property
    def zh(self) -> str:
        """For people who read Chinese."""
        return {"keeps": "一致", "breaks": "不一致", "cannot_tell": "无法判断"}[self.value]


class Part(StrEnum):
    """Where an organ is named."""

    FACE = "face"
    ISSUER = "issuer"
    ISSUER_CODE = "issuer_code"
    IDENTIFIER = "identifier"
    STATED_SEAL = "stated_seal"
    SEAL = "seal"
    CERTIFICATE = "certificate"
    TIME = "time"

    @property
    def zh(self) -> str:
        """Chinese."""
        return _PARTS[self][0]

    @property
    def en(self) -> str:
        """English."""
        return _PARTS[self][1]


_PARTS: Final = {
    Part.FACE: ("证面发证机关", "the organ on the face"),
    Part.ISSUER: ("元数据颁发机构（ZZBFJG）", "the issuer in the metadata (ZZBFJG)"),
    Part.ISSUER_CODE: ("元数据颁发机构代码（ZZBFJGDM）", "the issuer's code in the metadata (ZZBFJGDM)"),
    Part.IDENTIFIER: ("电子证照标识中的颁发机构代码", "the issuer's code in the identifier"),
    Part.STATED_SEAL: ("元数据签章名称（ZZQZMC）", "the seal's name in the metadata (ZZQZMC)"),
    Part.SEAL: ("电子印章名称", "the seal's name"),
    Part.CERTIFICATE: ("签章者证书所属机关", "the organ of the signer's certificate"),
    Part.TIME: ("签章时间", "the time of signing"),
}


class Kind(StrEnum):
    """What is wrong in a place: the last two only keep the rule from being judged."""

    DIFFERS = "differs"
    NOT_THEN = "not_then"
    MALFORMED = "malformed"
    MISSING = "missing"
    UNKNOWN = "unknown"

    @property
    def zh(self) -> str:
        """Chinese, short."""
        return _KINDS[self]

    @property
    def breaks(self) -> bool:
        """Whether it breaks the rule, or only keeps it from being judged."""
        return self not in (Kind.MISSING, Kind.UNKNOWN)


_KINDS: Final = {
    Kind.DIFFERS: "不是同一机关",
    Kind.NOT_THEN: "签章时不是该机关或该名称",
    Kind.MALFORMED: "格式不正确",
    Kind.MISSING: "没有",
    Kind.UNKNOWN: "机关表未收录",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, in both languages; `word` is stable, for scripts and statistics."""

    part: Part
    kind: Kind
    zh: str
    en: str

    @property
    def word(self) -> str:
        """E.g. `seal.differs`."""
        return f"{self.part.value}.{self.kind.value}"

    @property
    def label(self) -> str:
        """What the word means, in Chinese and without names."""
        return f"{self.part.zh}：{self.kind.zh}"

    def to_dict(self) -> dict[str, str]:
        """For JSON."""
        return {"word": self.word, "zh": self.zh, "en": self.en}


@dataclass(frozen=True, slots=True)
class SealClaim:
    """What one seal says: its name (None for a signature that has no seal), the organisation of its signer's
    certificate (credit code and name in one), and when it was put on."""

    name: str | None
    organisation: str
    signed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Claims:
    """What a licence says about its organ, as it stands there; None for what is not there.

    Attributes:
        face: the organ as people read it.
        issuer, issuer_code, stated_seal: ZZBFJG, ZZBFJGDM, ZZQZMC.
        identifier_issuer: the credit code within ZZBS.
        licence, type_code, number, identifier: ZZMC, ZZLXDM, ZZBH, ZZBS.
        issued_on: ZZBFRQ.
        seals: one for every seal, in order.
        is_pdf: a PDF, whose pages are not read here and whose seal has no name of its own: neither is missed.
    """

    face: str | None
    issuer: str | None
    issuer_code: str | None
    identifier_issuer: str | None
    seals: tuple[SealClaim, ...]
    stated_seal: str | None = None
    licence: str | None = None
    type_code: str | None = None
    number: str | None = None
    identifier: str | None = None
    issued_on: date | None = None
    is_pdf: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether the rule is kept, and what follows.

    Attributes:
        findings: what is wrong, in the order of the places.
        day: the day of signing by which it was judged, in China; None when no seal tells one.
        issuer: the organ that the licence's own issuer code (or, failing that, another place) names; None when the
            table does not know it.
        owner: whose the licence is today: by its type, or the organ that follows the issuer; None when unknown.
        outdated: it kept the rule, and today another organ or another name is in its place.
    """

    findings: tuple[Finding, ...]
    day: date | None
    issuer: Organ | None
    owner: Organ | None
    outdated: bool

    @property
    def ruling(self) -> Ruling:
        """The whole."""
        if any(one.kind.breaks for one in self.findings):
            return Ruling.BREAKS
        return Ruling.CANNOT_TELL if self.findings else Ruling.KEEPS

    @property
    def breaches(self) -> tuple[Finding, ...]:
        """The findings that break the rule."""
        return tuple(one for one in self.findings if one.kind.breaks)


def judge(claims: Claims, table: OrganTable, today: date) -> Judgement:
    """Judge a licence by the rule. Whatever the claims hold is an answer, not an exception.

    Args:
        today: by which it is told whose the licence is now.
    """
    days = [one.signed_at.astimezone(SHANGHAI).date() for one in claims.seals if one.signed_at is not None]
    day = min(days, default=None)
    judged_by = day or claims.issued_on or today
    known = _issuer(claims, table, judged_by)
    owner = _owner(claims, table, known, today)
    if known is not None:
        findings = tuple(_Compared(claims, table, known, judged_by).findings())
    elif (made_up := _made_up(claims)) is not None:
        findings = (*_Compared(claims, table, made_up, judged_by).findings(), _unknown(claims))
    else:
        findings = tuple(_absent(claims))
    kept = not any(one.kind.breaks for one in findings)
    outdated = kept and known is not None and _is_outdated(claims, table, known, judged_by, today)
    return Judgement(findings, day, known, owner, outdated)


def _issuer(claims: Claims, table: OrganTable, day: date) -> Organ | None:
    """The organ the licence is of, by the first place that names a known one."""
    for code in (claims.issuer_code, claims.identifier_issuer):
        if code is not None and (organ := table.by_code(code)) is not None:
            return organ
    for name in (claims.issuer, claims.face):
        if name is not None and (organ := table.by_name(name, day) or table.by_name(name)) is not None:
            return organ
    return None


def _owner(claims: Claims, table: OrganTable, issuer: Organ | None, today: date) -> Organ | None:
    line = table.owner_of(claims.licence, claims.type_code)
    if line is not None:
        owner = table.by_id(line.organ)
        return owner and table.heir(owner, today, claims.licence)
    return issuer and table.heir(issuer, today, claims.licence)


def _is_outdated(claims: Claims, table: OrganTable, issuer: Organ, day: date, today: date) -> bool:
    if table.heir(issuer, today, claims.licence) is not issuer:
        return True
    # A seal made under an older name of the same organ; names that last are told by no day.
    then, now = issuer.names_on(day), issuer.names_on(today)
    shown = {table.form(name) for name in (claims.face, claims.issuer) if name is not None}
    return bool(then) and bool(now) and not any(table.form(one.name) in shown for one in now)


def _made_up(claims: Claims) -> Organ | None:
    """An organ the table does not know, as the licence itself describes it: the places can still be compared."""
    name = claims.issuer or claims.face
    signed_by = next((one.organisation[:_CODE_LENGTH] for one in claims.seals if one.organisation), None)
    code = claims.issuer_code or claims.identifier_issuer or signed_by
    if not name or not code:
        return None
    borne = NameBorne(name=name, verified=False)
    # Not checked: that a code is none is told of the place where it stands.
    return Organ.model_construct(id="unknown", credit_code=code, verified=False, names=(borne,), seals=())


def _unknown(claims: Claims) -> Finding:
    places = {
        Part.ISSUER_CODE: claims.issuer_code,
        Part.IDENTIFIER: claims.identifier_issuer,
        Part.ISSUER: claims.issuer,
        Part.FACE: claims.face,
    }
    part = next(part for part, text in places.items() if text)
    return Finding(
        part, Kind.UNKNOWN, f"{part.zh}：机关表中没有该机关", f"{part.en}: the table of organs does not know it"
    )


def _absent(claims: Claims) -> Iterator[Finding]:
    """Nothing names a known organ, and too little is told to compare."""
    for part, text in _places(claims):
        if text is None:
            yield _missing(part)
        elif part in (Part.ISSUER_CODE, Part.IDENTIFIER) and not _is_code(text):
            yield _malformed(part, text)
        else:
            yield Finding(
                part,
                Kind.UNKNOWN,
                f"{part.zh}“{_told(text)}”：机关表中没有该机关",
                f"{part.en}, “{_told(text)}”: the table of organs does not know it",
            )
    if not claims.seals:
        yield _missing(Part.SEAL)


def _places(claims: Claims) -> Iterator[tuple[Part, str | None]]:
    """What stands in the licence itself, place by place."""
    if not claims.is_pdf:
        yield Part.FACE, claims.face
    yield Part.ISSUER, claims.issuer
    yield Part.ISSUER_CODE, claims.issuer_code
    yield Part.IDENTIFIER, claims.identifier_issuer


@dataclass(frozen=True, slots=True)
class _Compared:
    """Each place against the organ the licence is of."""

    claims: Claims
    table: OrganTable
    organ: Organ
    day: date

    def findings(self) -> Iterator[Finding]:
        if not self.organ.names_on(self.day):
            yield Finding(
                Part.ISSUER_CODE,
                Kind.NOT_THEN,
                f"签章之日（{self.day}）{_told(self.organ.name)}不存在或已撤并",
                f"on the day of signing ({self.day}) there was no {_told(self.organ.name)}",
            )
        for part, text in _places(self.claims):
            if text is None:
                yield _missing(part)
            elif part in (Part.FACE, Part.ISSUER):
                yield from self._name(part, text, self.day)
            else:
                yield from self._code(part, text)
        if self.claims.stated_seal is not None:
            yield from self._seal(Part.STATED_SEAL, self.claims.stated_seal, self.day)
        if not self.claims.seals:
            yield _missing(Part.SEAL)
        for seal in self.claims.seals:
            yield from self._of_seal(seal)

    def _of_seal(self, seal: SealClaim) -> Iterator[Finding]:
        day = self.day
        if seal.signed_at is None:
            yield _missing(Part.TIME)
        else:
            day = seal.signed_at.astimezone(SHANGHAI).date()
        if seal.name is not None:
            yield from self._seal(Part.SEAL, seal.name, day)
        elif not self.claims.is_pdf:
            yield _missing(Part.SEAL)
        code, name = seal.organisation[:_CODE_LENGTH], seal.organisation[_CODE_LENGTH:]
        if not seal.organisation:
            yield _missing(Part.CERTIFICATE)
        elif not _is_code(code) or not name:
            yield _malformed(Part.CERTIFICATE, seal.organisation)
        elif code != self.organ.credit_code:
            yield self._differs(Part.CERTIFICATE, seal.organisation, self.table.by_code(code))
        else:
            yield from self._name(Part.CERTIFICATE, name, day)

    def _code(self, part: Part, code: str) -> Iterator[Finding]:
        if not _is_code(code):
            yield _malformed(part, code)
        elif code != self.organ.credit_code:
            yield self._differs(part, code, self.table.by_code(code))

    def _name(self, part: Part, name: str, day: date) -> Iterator[Finding]:
        forms = {self.table.form(one.name): one for one in self.organ.names}
        borne = forms.get(self.table.form(name))
        if borne is None:
            yield self._differs(part, name, self.table.by_name(name, day) or self.table.by_name(name))
        elif self.organ.names_on(day) and not any(
            self.table.form(one.name) == self.table.form(name) for one in self.organ.names_on(day)
        ):
            yield self._not_then(part, name, day)

    def _seal(self, part: Part, name: str, day: date) -> Iterator[Finding]:
        if self._is_seal_of(name, self.organ.names_on(day)):
            return
        if self._is_seal_of(name, self.organ.names):
            # Of an organ that was not there at all it is told once, above.
            if self.organ.names_on(day):
                yield self._not_then(part, name, day)
            return
        yield self._differs(part, name, self.table.by_seal(name, day) or self.table.by_seal(name))

    def _is_seal_of(self, name: str, borne: tuple[NameBorne, ...]) -> bool:
        return self.table.form(name) in {self.table.form(one) for one in self.table.seals_of(self.organ, borne)}

    def _differs(self, part: Part, text: str, other: Organ | None) -> Finding:
        # Whose a code is nobody sees; a name says it itself.
        shown = other is None or self.table.form(other.name) in self.table.form(text)
        zh, en = ("", "") if other is None or shown else (f"（{other.name}）", f" ({other.name})")
        mine = _told(self.organ.name_on(self.day))
        return Finding(
            part,
            Kind.DIFFERS,
            f"{part.zh}“{_told(text)}”{zh}与颁发机构{mine}不是同一机关",
            f"{part.en}, “{_told(text)}”{en}, is not that of the issuer, {mine}",
        )

    def _not_then(self, part: Part, text: str, day: date) -> Finding:
        return Finding(
            part,
            Kind.NOT_THEN,
            f"{part.zh}“{_told(text)}”：签章之日（{day}）该机关名为{_told(self.organ.name_on(day))}",
            f"{part.en}, “{_told(text)}”: on the day of signing ({day}) it was called {_told(self.organ.name_on(day))}",
        )


def _missing(part: Part) -> Finding:
    return Finding(
        part, Kind.MISSING, f"{part.zh}：文件中没有，无法判断", f"{part.en}: not in the file, so nobody can tell"
    )


def _malformed(part: Part, text: str) -> Finding:
    return Finding(
        part,
        Kind.MALFORMED,
        f"{part.zh}“{_told(text)}”：不含正确的统一社会信用代码和机关名称"
        if part is Part.CERTIFICATE
        else f"{part.zh}“{_told(text)}”：不是正确的统一社会信用代码",
        f"{part.en}, “{_told(text)}”: no credit code with a name after it"
        if part is Part.CERTIFICATE
        else f"{part.en}, “{_told(text)}”: no credit code",
    )


def _is_code(text: str) -> bool:
    try:
        return CreditCode.parse(text).text == text
    except IdentifierRefused:
        return False


def _told(text: str) -> str:
    """A name from a stranger's file, for one line of a screen."""
    short = text if len(text) <= _LONGEST_TOLD else f"{text[:_LONGEST_TOLD]}…"
    return "".join(one if one.isprintable() else " " for one in short)

"""Extensions of certificates, revocation lists and OCSP messages (RFC 5280, 4.1): cut, and the common ones read."""

from __future__ import annotations

from dataclasses import dataclass

from signing import der, oids
from signing.der import Element
from signing.errors import DerRefused

_URI, _DIRECTORY_NAME = 0x86, 0xA4
#: Stands for an entry of an X.500 directory that is named without a host: there is nobody to ask.
DIRECTORY = "ldap:"


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension's value, and whether a reader that does not understand it must stop."""

    critical: bool
    value: bytes


def read_extensions(listed: Element, what: str) -> dict[str, Extension]:
    """The extensions of a SEQUENCE of them, by OID.

    FALSE may be written out, as many makers do; strict DER would leave it away.

    Raises:
        DerRefused: not the structure, or one extension stands twice.
    """
    found: dict[str, Extension] = {}
    for one in listed.children(what):
        fields = one.fields(what, 2, 3)
        kind = fields[0].oid(what)
        if kind in found:
            raise DerRefused(f"{what} hold one extension twice; the structure was not read.")
        found[kind] = Extension(len(fields) == 3 and fields[1].boolean(what), fields[-1].octets(what))
    return found


def first_unknown(extensions: dict[str, Extension], understood: frozenset[str]) -> str | None:
    """The OID of a critical extension that is not understood, None when there is none."""
    return next((kind for kind, one in extensions.items() if one.critical and kind not in understood), None)


def authority_key_id(extension: Extension | None) -> bytes | None:
    """The identifier of the issuer's key, None when there is none."""
    if extension is None:
        return None
    for part in der.read(extension.value, "authority key identifier").children("authority key identifier"):
        if part.tag == 0x80:
            return part.content
    return None


def subject_key_id(extension: Extension | None) -> bytes | None:
    """The identifier of the certificate's own key, None when there is none."""
    return None if extension is None else der.read(extension.value, "key identifier").octets("key identifier")


def list_names(extension: Extension | None) -> tuple[bytes, ...]:
    """The names (GeneralName, DER) of the places where the complete list of the issuer itself is found.

    Places that hold only some reasons, or another authority's list, are left out: such lists are not used here.
    """
    if extension is None:
        return ()
    found: list[bytes] = []
    for point in der.read(extension.value, "distribution points").children("distribution points"):
        parts = {part.tag: part for part in point.children("distribution point")}
        if 0xA0 in parts and not parts.keys() & {0x81, 0xA1, 0xA2}:
            found += point_names(parts[0xA0].inner("distribution point name", 0xA0))
    return tuple(found)


def point_names(name: Element) -> list[bytes]:
    """The names (GeneralName, DER) of a DistributionPointName; none for one relative to the issuer."""
    return [one.raw for one in name.children("distribution point name", 0xA0)] if name.tag == 0xA0 else []


def address_of(general_name: bytes) -> str | None:
    """The address a GeneralName tells, `DIRECTORY` for a directory name, None for another kind."""
    name = der.read(general_name, "name")
    if name.tag == _URI:
        # IA5String by the letter; directory addresses in the field hold Chinese text
        return name.content.decode("utf-8", "replace")
    return DIRECTORY if name.tag == _DIRECTORY_NAME else None


def access_addresses(extension: Extension | None) -> dict[str, tuple[str, ...]]:
    """The addresses in AuthorityInformationAccess, by kind (`oids.OCSP`, `oids.CA_ISSUERS`)."""
    found: dict[str, tuple[str, ...]] = {}
    if extension is not None:
        for one in der.read(extension.value, "authority information").children("authority information"):
            kind, place = one.fields("authority information", 2)
            address = address_of(place.raw)
            if address is not None:
                method = kind.oid("authority information")
                found[method] = (*found.get(method, ()), address)
    return found


def write_extension(kind: str, value: bytes, *, critical: bool = False) -> bytes:
    """An extension around its DER value."""
    return der.sequence(der.oid(kind), *([der.boolean(True)] if critical else []), der.octets(value))


def write_list_points(addresses: tuple[str, ...]) -> bytes:
    """CRLDistributionPoints: one point that has all these addresses."""
    return der.sequence(der.sequence(write_point_name(addresses)))


def write_point_name(addresses: tuple[str, ...]) -> bytes:
    """The `distributionPoint` field with these addresses as its full name."""
    return der.wrap(0xA0, der.wrap(0xA0, b"".join(_uri(one) for one in addresses)))


def write_access(ocsp: tuple[str, ...], issuers: tuple[str, ...]) -> bytes:
    """AuthorityInformationAccess with the addresses of OCSP responders and of the issuer's certificate."""
    pairs = [(oids.OCSP, one) for one in ocsp] + [(oids.CA_ISSUERS, one) for one in issuers]
    return der.sequence(*(der.sequence(der.oid(kind), _uri(address)) for kind, address in pairs))


def _uri(address: str) -> bytes:
    return der.wrap(_URI, address.encode("ascii"))


def write_authority_key_id(key_id: bytes) -> bytes:
    """AuthorityKeyIdentifier with the key's identifier only."""
    return der.sequence(der.wrap(0x80, key_id))

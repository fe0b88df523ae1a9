"""PREMIS 3 of an information package: each file with its digests, the handling of the case, and who did it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lxml import etree

from archive.case import CaseFile
from archive.csip_parts import DIGESTS, XSI, Part, Told, rendered, root_of, unreadable
from core.clock import second_text

_PREMIS: Final = "http://www.loc.gov/premis/v3"
_SCHEMA: Final = "http://www.loc.gov/standards/premis/premis.xsd"
#: Identifiers of our own, for which PREMIS leaves the type to whoever gives them.
_LOCAL: Final = "local"
#: SM3 is what the digest list of the package has; SHA-256 is for those who know no SM3.
_ALGORITHMS: Final = ("SM3", "SHA-256")


def write_premis(case: CaseFile, parts: Sequence[Part], representation: str) -> bytes:
    """PREMIS of a case's files.

    Args:
        parts: the files of the archive package.
        representation: path of the folder they lie in; what happened, happened to all of it.
    """
    root = etree.Element(
        _premis("premis"),
        {"version": "3.0", f"{{{XSI}}}schemaLocation": f"{_PREMIS} {_SCHEMA}"},
        nsmap={"premis": _PREMIS, "xsi": XSI},
    )
    whole = _add(root, "object", None, **{f"{{{XSI}}}type": "premis:representation"})
    _identify(whole, "objectIdentifier", representation)
    _add(whole, "originalName", case.electronic_file_no)
    for part in parts:
        _file(root, part, part.path.removeprefix(f"{representation}/data/"))
    agents = list(dict.fromkeys(event.who for event in case.events))
    for number, event in enumerate(case.events, start=1):
        element = _add(root, "event")
        _identify(element, "eventIdentifier", f"event-{number}")
        # In the words of the case: which term of a preservation vocabulary means 受理 is nobody's decision yet.
        _add(element, "eventType", event.what)
        _add(element, "eventDateTime", second_text(event.at))
        _add(_add(element, "eventOutcomeInformation"), "eventOutcome", event.result)
        _identify(element, "linkingAgentIdentifier", _agent(agents, event.who))
        _identify(element, "linkingObjectIdentifier", representation)
    for name in agents:
        agent = _add(root, "agent")
        _identify(agent, "agentIdentifier", _agent(agents, name))
        _add(agent, "agentName", name)
    return rendered(root)


def read_premis(data: bytes) -> list[Told]:
    """What a PREMIS file tells of the files it identifies by a path; digests we do not compare are left out.

    Raises:
        CsipUnreadable: no PREMIS 3, or an object without an identifier.
    """
    root = root_of(data, "PREMIS", _premis("premis"))
    told: list[Told] = []
    for thing in root.findall(_premis("object")):
        path = thing.findtext(f"{_premis('objectIdentifier')}/{_premis('objectIdentifierValue')}")
        if not path:
            raise unreadable("an object of its PREMIS has no identifier")
        for facts in thing.findall(_premis("objectCharacteristics")):
            size = facts.findtext(_premis("size")) or ""
            for fixity in facts.findall(_premis("fixity")):
                algorithm = fixity.findtext(_premis("messageDigestAlgorithm")) or ""
                if algorithm in DIGESTS:
                    told.append(Told(path, size, algorithm, fixity.findtext(_premis("messageDigest")) or ""))
    return told


def _file(root: etree._Element, part: Part, original: str) -> None:
    thing = _add(root, "object", None, **{f"{{{XSI}}}type": "premis:file"})
    _identify(thing, "objectIdentifier", part.path)
    facts = _add(thing, "objectCharacteristics")
    for algorithm in _ALGORITHMS:
        fixity = _add(facts, "fixity")
        _add(fixity, "messageDigestAlgorithm", algorithm)
        _add(fixity, "messageDigest", DIGESTS[algorithm](part.data))
    _add(facts, "size", str(len(part.data)))
    # The media type only: CSIP would like a PUID, and which one a file has takes a registry that is not at hand.
    _add(_add(_add(facts, "format"), "formatDesignation"), "formatName", part.media_type)
    _add(thing, "originalName", original)


def _identify(parent: etree._Element, name: str, value: str) -> None:
    identifier = _add(parent, name)
    _add(identifier, f"{name}Type", _LOCAL)
    _add(identifier, f"{name}Value", value)


def _agent(agents: Sequence[str], name: str) -> str:
    return f"agent-{agents.index(name) + 1}"


def _premis(name: str) -> str:
    return f"{{{_PREMIS}}}{name}"


def _add(parent: etree._Element, tag: str, text: str | None = None, /, **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, _premis(tag), attributes)
    element.text = text
    return element

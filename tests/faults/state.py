"""The end state of a hub as something two runs can be compared by: everything that matters, nothing random.

Left out on purpose: row numbers, batch numbers and sealed bytes (random nonces), and the traces a
death is meant to leave (abandoned intents).
"""

from __future__ import annotations

from typing import Any

from hub.context import Hub
from store import licences, quarantine, records
from store.connection import fetch_all


def collected_state(hub: Hub) -> dict[str, Any]:
    """Records, history, quarantine, pages, cursors and counts, opened and in a stable order."""
    resources = [row[0] for row in fetch_all(hub.connection, "select distinct resource from batch order by 1")]
    return {
        "records": {
            resource: sorted(
                (row.payload, row.version) for row in records.of_resource(hub.connection, hub.vault, resource)
            )
            for resource in resources
        },
        "rows": _rows(hub, "select resource, subject, key, version from record"),
        "history": _rows(hub, "select resource, subject, key, version, ended_as from record_history"),
        "quarantine": sorted(
            (entry.resource, content.raw, entry.state, str(entry.reasons), entry.position)
            for entry in quarantine.list_entries(hub.connection, state=None, limit=100_000)
            for content in [quarantine.open_content(hub.connection, hub.vault, entry.id)]
        ),
        "pages": _rows(hub, "select resource, sm3, number, whole from raw_page"),
        "cursors": _rows(hub, "select resource, position::text from source_cursor"),
        "counts": _rows(
            hub,
            "select resource, state, count(*), sum(pages), sum(landed), sum(inserted), sum(changed), "
            "sum(unchanged), sum(deleted), sum(absent), sum(quarantined) from batch group by 1, 2",
        ),
    }


def without_batches(state: dict[str, Any]) -> dict[str, Any]:
    """The state without the number of batches: a life that found nothing to do counts as none."""
    return state | {"counts": [(resource, ended, *sums) for resource, ended, _, *sums in state["counts"]]}


def issued_state(hub: Hub) -> dict[str, Any]:
    """Outcomes, licences with their facts and story, seal uses, packages, and the files on disk."""
    from hub.inspect import inspect_package
    from hub.verify import verify_file

    home = hub.settings.home
    return {
        "outcomes": _rows(hub, "select approval, item, state, missing::text from approval_outcome"),
        "licences": [
            (
                row.number,
                row.identifier.split(".")[7][:10],
                row.approval,
                row.state,
                _without_chance(licences.facts(hub.connection, hub.vault, row)),
                _story(hub, row),
                verify_file((home / row.document_path).read_bytes(), hub.settings).verdict.value
                if row.document_path
                else None,
            )
            for row in licences.every(hub.connection)
        ],
        "seal uses": _rows(
            hub, "select case_no, seal_id, document_kind, timestamped from seal_use where outcome = 'sealed'"
        ),
        "steps": _rows(
            hub,
            "select l.number, s.step, s.before, s.after, s.version, l.status, l.current_version, l.valid_until "
            "from licence_step s join licence l on l.id = s.licence",
        ),
        "register": _rows(
            hub,
            "select (convert_from(body, 'UTF8')::jsonb - '{id,at,document_sm3,identifier,supersedes}'::text[])::text "
            "from register_entry",
        ),
        "open intents": _rows(hub, "select case_no from seal_use where outcome = 'intended'"),
        "packages": [
            (file_no, inspect_package((home / path).read_bytes(), hub.settings).verdict.value)
            for file_no, path in _rows(hub, "select file_no, path from archive_package")
        ],
        "files": sorted(
            str(path.relative_to(home))
            for folder in ("licences", "archive")
            for path in (home / folder).rglob("*")
            if path.is_file()
        ),
    }


def _rows(hub: Hub, sql: str) -> list[tuple[Any, ...]]:
    plain = [
        tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)
        for row in fetch_all(hub.connection, sql)
    ]
    return sorted(plain, key=repr)


def _without_chance(facts: dict[str, Any]) -> dict[str, Any]:
    """What a document is drawn from, but for what is drawn by chance: token, identifier, place in the status list."""
    metadata = {code: words for code, words in facts["metadata"].items() if code not in ("KZ_ZTXH", "ZZBS")}
    face = [line for line in facts["face"] if line["key"] != "identifier"]
    return facts | {"qr_text": "", "doc_id": "", "metadata": metadata, "face": face}


def _story(hub: Hub, licence: licences.LicenceVersion) -> list[str]:
    kept: list[str] = []
    for _, event, _ in licences.events(hub.connection, licence):
        if event != "abandoned" and not (event == "intended" and kept[-1:] == ["intended"]):
            kept.append(event)
    return kept

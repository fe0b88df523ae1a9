"""Renewals outside the database: `00000003.renewal.json` beside the heads' files, written once and never again."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Final

from hub.log_files import LogFiles, LogFilesRefused, json_text, put_once
from hub.renewals import Renewal, RenewalRefused, from_dict, to_dict

_FILE: Final = re.compile(r"(\d{8,})\.renewal\.json")


def numbers(files: LogFiles) -> list[int]:
    """Of the renewals that are there, ascending.

    Raises:
        LogFilesRefused: the folder cannot be read.
    """
    try:
        names = [path.name for path in files.folder.iterdir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise LogFilesRefused(
            f"{files.folder} cannot be read ({error.strerror}); nothing was renewed. Give the hub's user the right to "
            "it, or correct HUB_HOME."
        ) from None
    return sorted(int(found[1]) for name in names if (found := _FILE.fullmatch(name)))


def complete(files: LogFiles, held: Sequence[Renewal]) -> None:
    """Write the files of renewals that have none: those of a process that died before it did.

    Raises:
        RenewalRefused: a file is not of the renewal in the database, or of one that the database does not hold.
        LogFilesRefused: the folder cannot be read or written.
    """
    there = compare(files, held)
    try:
        files.folder.mkdir(parents=True, exist_ok=True)
        for one in held:
            if one.number not in there:
                put_once(files.folder / f"{one.number:08d}.renewal.json", [json_text(to_dict(one))])
    except OSError as error:
        raise LogFilesRefused(
            f"the renewal is stored, but its file in {files.folder} cannot be written ({error.strerror}). Make room or "
            "give the hub's user the right, then: hub evidence renew."
        ) from None


def compare(files: LogFiles, held: Sequence[Renewal]) -> set[int]:
    """Numbers of the renewals outside, once all were found to be those of the database.

    Raises:
        RenewalRefused: one is not.
        LogFilesRefused: the folder cannot be read.
    """
    by_number = {one.number: one for one in held}
    there = numbers(files)
    for number in there:
        if number not in by_number:
            raise RenewalRefused(
                f"renewal {number} lies in {files.folder}, and the database does not hold it: it was rewritten or "
                "restored from a backup. Nothing was renewed (runbook: log-changed)."
            )
        path = files.folder / f"{number:08d}.renewal.json"
        try:
            outside = from_dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            raise RenewalRefused(f"{path} cannot be read as a renewal; restore it from a copy.") from None
        if outside != by_number[number]:
            raise RenewalRefused(
                f"renewal {number} in the database is not the one in {path}. Keep both as they are and find out which "
                "was changed (runbook: log-changed)."
            )
    return set(there)

"""A form of a package that is one folder in one file: its files by their paths within that folder."""

from __future__ import annotations

from collections.abc import Mapping


def unfolded(files: Mapping[str, bytes]) -> dict[str, bytes] | None:
    """The files without the folder they all lie in; None where they do not lie in one."""
    folders = {path.partition("/")[0] for path in files}
    if len(folders) != 1 or any("/" not in path for path in files):
        return None
    return {path.partition("/")[2]: data for path, data in files.items()}

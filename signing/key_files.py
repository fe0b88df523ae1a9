"""A key as it lies on disk: the encrypted key, its certificate, and the passphrase in a file of its own."""

from __future__ import annotations

from pathlib import Path

from signing.errors import KeyRefused


def read_key_files(key_file: Path, certificate_file: Path, passphrase_file: Path) -> tuple[bytes, bytes, bytes]:
    """Their bytes; the passphrase is its file's content without line ends at its end.

    Raises:
        KeyRefused: one of them cannot be read.
    """
    try:
        return key_file.read_bytes(), certificate_file.read_bytes(), passphrase_file.read_bytes().rstrip(b"\r\n")
    except OSError as error:
        raise KeyRefused(
            f"{error.filename} cannot be read ({error.strerror}); nothing was signed. "
            "Restore the file or the right to read it."
        ) from None

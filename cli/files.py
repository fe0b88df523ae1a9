"""Files a caller names: read whole, but never more than any check would look at."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.errors import Rejected
from core.settings import Settings

if TYPE_CHECKING:
    from hub.trust import Revocation

#: An OFD above 128 MiB and a package above 1 GiB are refused by their checks; one byte more is enough to say so.
LICENCE_BYTES, PACKAGE_BYTES = 128 << 20, 1 << 30

trust_option = click.option(
    "--trust",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="A root certificate (PEM) to trust; may be repeated. Default: those of this hub, where there are any.",
)


def _files_option(name: str, told: str) -> Callable[[Callable[..., object]], Callable[..., object]]:
    kind = click.Path(exists=True, dir_okay=False, path_type=Path)
    return click.option(name, type=kind, multiple=True, help=told)


crl_option = _files_option("--crl", "A revocation list (DER or PEM) to judge by; may be repeated.")
ocsp_option = _files_option("--ocsp", "An OCSP answer (DER) to judge by; may be repeated.")


def read_up_to(path: Path, limit: int) -> bytes:
    """The file's bytes, or its first `limit` + 1. It may be a pipe; a device without an end does not fill memory."""
    with path.open("rb") as stream:
        return stream.read(limit + 1)


def read_json(path: Path, limit: int) -> Any:
    """The file's JSON, read as by `read_up_to`; None where it is none, or was cut off there."""
    try:
        return json.loads(read_up_to(path, limit))
    except (ValueError, RecursionError):
        return None


def anchors_of_option(paths: tuple[Path, ...]) -> list[bytes] | None:
    """The certificates of `--trust`; a file that is none is a usage error, not an invalid licence."""
    from hub.verify import read_anchors

    if not paths:
        return None
    found = []
    for path in paths:
        try:
            found += read_anchors([path])
        except Rejected as error:
            raise click.BadParameter(f"{path} is no certificate: {error.message}", param_hint="'--trust'") from None
        except OSError as error:
            raise click.BadParameter(f"{path}: {error.strerror}", param_hint="'--trust'") from None
    return found


def revocation_of_options(
    settings: Settings, crl: tuple[Path, ...], ocsp: tuple[Path, ...], *, fetch: bool
) -> Revocation | None:
    """What `--crl`, `--ocsp` and `--fetch` give; a file that is none is a usage error, not an invalid licence."""
    from hub.trust import given_revocation

    for option, paths in (("--crl", crl), ("--ocsp", ocsp)):
        for path in paths:
            try:
                given_revocation(
                    None, [path] if option == "--crl" else [], [path] if option == "--ocsp" else [], fetch=False
                )
            except Rejected as error:
                raise click.BadParameter(f"{path} cannot be used: {error.message}", param_hint=f"'{option}'") from None
            except OSError as error:
                raise click.BadParameter(f"{path}: {error.strerror}", param_hint=f"'{option}'") from None
    return given_revocation(settings, crl, ocsp, fetch=fetch)


def say_whom_to_trust(keys: Path) -> None:
    """What to do when there is nothing to judge a signature by."""
    click.echo(f"下一步：用 --trust 指定签发机关的根证书（PEM），或把它放进 {keys / 'trust'}，再试一次", err=True)

"""Files a caller names: read whole, but never more than any check would look at."""

from __future__ import annotations

from pathlib import Path

import click

from core.errors import Rejected

#: An OFD above 128 MiB and a package above 1 GiB are refused by their checks; one byte more is enough to say so.
LICENCE_BYTES, PACKAGE_BYTES = 128 << 20, 1 << 30

trust_option = click.option(
    "--trust",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="A root certificate (PEM) to trust; may be repeated. Default: those of this hub, where there are any.",
)


def read_up_to(path: Path, limit: int) -> bytes:
    """The file's bytes, or its first `limit` + 1. It may be a pipe; a device without an end does not fill memory."""
    with path.open("rb") as stream:
        return stream.read(limit + 1)


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


def say_whom_to_trust(keys: Path) -> None:
    """What to do when there is nothing to judge a signature by."""
    click.echo(f"下一步：用 --trust 指定签发机关的根证书（PEM），或把它放进 {keys / 'trust'}，再试一次", err=True)

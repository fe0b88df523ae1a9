"""`python -m web --host 127.0.0.1 --port 8700`: serves the pages until it is told to stop."""

from __future__ import annotations

import click
import uvicorn

from core.settings import Settings
from web.app import create_app


@click.command()
@click.option("--host", type=click.Choice(["127.0.0.1", "localhost"]), default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8700, show_default=True)
def main(host: str, port: int) -> None:
    """Serve the counter pages on this machine only.

    They speak http on the loopback address; a gateway in front of them speaks https to everybody else, and
    HUB_WEB_HOSTS names the hosts it does so for. Settings come from HUB_HOME, HUB_DATABASE_URL, HUB_SOURCES, HUB_KEYS,
    HUB_ACCESS and HUB_MODE.

    Example: python -m web --port 8700
    """
    app = create_app(Settings.from_environment())
    uvicorn.run(app, host=host, port=port, server_header=False, log_level="info", access_log=False)


if __name__ == "__main__":
    main()

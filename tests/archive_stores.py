"""Stores for the archive's packages as they are outside: a folder, a bucket of an S3 server that runs here, and a file
system that is neither."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

import fsspec
import requests

from core.settings import Settings
from hub.archive_store import ArchiveStore

KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "very-secret", "AWS_DEFAULT_REGION": "us-east-1"}


@dataclass(frozen=True)
class Place:
    """Where packages lie, and how somebody who is not the hub gets at them."""

    settings: Settings

    @property
    def store(self) -> ArchiveStore:
        return ArchiveStore.of(self.settings)

    def forge(self, path: str, data: bytes) -> None:
        """Put something there past the hub."""
        if self.settings.archive is None:
            place = self.settings.home / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        else:
            self._system.pipe_file(f"{self.settings.archive}/{path}", data)

    def take_away(self, path: str) -> None:
        if self.settings.archive is None:
            (self.settings.home / path).unlink()
        else:
            self._system.rm_file(f"{self.settings.archive}/{path}")

    def held(self) -> list[str]:
        """The paths of all that lies there."""
        if self.settings.archive is None:
            home = self.settings.home
            return sorted(str(file.relative_to(home)) for file in (home / "archive").rglob("*") if file.is_file())
        root = self._system._strip_protocol(self.settings.archive)
        return sorted(str(key).removeprefix(f"{root}/") for key in self._system.find(root))

    @property
    def _system(self) -> Any:
        assert self.settings.archive is not None
        return fsspec.filesystem(self.settings.archive.partition(":")[0], use_listings_cache=False)


@contextmanager
def s3_server() -> Iterator[str]:
    """The address of an S3 server, which the process's drivers ask from then on."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        with mock.patch.dict(os.environ, KEYS | {"AWS_ENDPOINT_URL": f"http://{host}:{port}"}):
            yield f"http://{host}:{port}"
    finally:
        server.stop()


def in_folder(settings: Settings) -> Place:
    return Place(replace(settings, archive=None))


def in_bucket(settings: Settings, server: str) -> Place:
    """A new bucket."""
    bucket = f"packages-{secrets.token_hex(4)}"
    requests.put(f"{server}/{bucket}", timeout=10).raise_for_status()
    return Place(replace(settings, archive=f"s3://{bucket}/district"))


def in_memory(settings: Settings) -> Place:
    """What fsspec keeps in memory: it needs no server, and is written as the file systems of servers are."""
    place = Place(replace(settings, archive=f"memory://packages-{secrets.token_hex(4)}"))
    place._system.makedirs(place.settings.archive)
    return place

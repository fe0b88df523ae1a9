"""One asset per resource: collecting it well is what tells the rest of the house that there is something new."""

from __future__ import annotations

from airflow.sdk import Asset


def asset_of(resource: str) -> Asset:
    """The asset that a resource's collect task updates."""
    return Asset(name=resource, uri=f"hub://records/{resource}")

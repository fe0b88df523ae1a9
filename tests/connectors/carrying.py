"""Couriers as tests want them; imported by processes that are killed, so it brings nothing else."""

from __future__ import annotations

from typing import Any

from connectors.courier import Courier
from connectors.courier_https import HttpsCourier
from connectors.courier_sftp import SftpCourier
from connectors.endpoints import HubEndpoint, SftpEndpoint
from connectors.retrying import Patience

MIB = 1 << 20


def made(kind: str, said: dict[str, Any], patience: Patience) -> Courier:
    """A courier of this kind; `timeout_s` among what is said is 5 where it is not said."""
    waits = float(said.get("timeout_s", 5))
    if kind == "sftp":
        point = SftpEndpoint.model_validate({key: value for key, value in said.items() if key != "timeout_s"})
        return SftpCourier(point, timeout_s=waits, patience=patience)
    return HttpsCourier(HubEndpoint.model_validate(said | {"timeout_s": waits}), patience=patience, piece=MIB)

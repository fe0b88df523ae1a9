"""The headers by which a gateway knows us: three shapes, as client code in the wild computes them.

None of them is confirmed to us by a gateway's own document, so a declaration that uses one is unverified.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Literal

from connectors.access import HeaderShape


def signature(sid: str, rid: str, rtime: str, secret: str) -> str:
    """base64(HMAC-SHA256(sid + rid + rtime, secret)), of the two national gateways."""
    digest = hmac.new(secret.encode(), f"{sid}{rid}{rtime}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode("ascii")


def tif_signature(timestamp: str, token: str, nonce: str, case: Literal["upper", "lower"]) -> str:
    """SHA256(timestamp + token + nonce + timestamp) in hexadecimal digits of the given case."""
    digest = hashlib.sha256(f"{timestamp}{token}{nonce}{timestamp}".encode()).hexdigest()
    return digest.upper() if case == "upper" else digest


def signed_headers(
    shape: HeaderShape,
    *,
    rid: str,
    sid: str,
    secret: str,
    now: datetime,
    case: Literal["upper", "lower"] = "upper",
) -> dict[str, str]:
    """The headers of one request at the moment `now`; a nonce is used once."""
    if shape is HeaderShape.X_TIF:
        # Seconds here, milliseconds in the national shapes.
        timestamp, nonce = str(int(now.timestamp())), secrets.token_hex(12)
        return {
            "x-tif-paasid": rid,
            "x-tif-serviceid": sid,
            "x-tif-timestamp": timestamp,
            "x-tif-nonce": nonce,
            "x-tif-signature": tif_signature(timestamp, secret, nonce, case),
        }
    prefix, rtime = shape.value, str(int(now.timestamp() * 1000))
    return {
        f"{prefix}_rid": rid,
        f"{prefix}_sid": sid,
        f"{prefix}_rtime": rtime,
        f"{prefix}_sign": signature(sid, rid, rtime, secret),
    }

"""Reading an HTTP answer that may be too long, or take too long, on purpose."""

from __future__ import annotations

import time

import requests
import urllib3

_PART = 16 << 10


class AnswerTooMuch(Exception):
    """The body is longer than allowed, or did not end in time; the rest was not read."""


def read_body(answer: requests.Response, largest: int, until: float) -> bytes:
    """The body of a streamed answer as it came over the wire.

    The read timeout of a connection starts anew with every byte; this ends at a moment.

    Args:
        largest: bytes.
        until: as `time.monotonic` tells it.

    Raises:
        AnswerTooMuch: too long or too late.
        requests.RequestException: the connection broke, or ended before the length it had told.
    """
    found = bytearray()
    try:
        # read1 gives what has come; read and iter_content wait until a whole part is there
        while part := answer.raw.read1(_PART):
            found += part
            if len(found) > largest:
                raise AnswerTooMuch("the answer is too long")
            if time.monotonic() > until:
                raise AnswerTooMuch("the answer takes too long")
    except urllib3.exceptions.HTTPError as error:
        raise requests.ConnectionError(error) from None
    told = answer.headers.get("Content-Length", "")
    if told.isdecimal() and int(told) != len(found):
        raise requests.ConnectionError("the answer ended early")
    return bytes(found)

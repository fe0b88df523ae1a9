"""A token stands in the address of its page; in an access log it is written as dots: a log is read by many."""

from __future__ import annotations

import logging
import re
from typing import Final

_TOKEN: Final = re.compile(r"(/v/|/api/check/)[^\s\"]+")
#: The server's own logs that write addresses down.
_LOGS: Final = ("uvicorn.access", "uvicorn.error")


class WithoutTokens(logging.Filter):
    """Lets every line through, without its token."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = _hidden(record.msg)
        if isinstance(record.args, tuple):
            record.args = tuple(_hidden(one) for one in record.args)
        return True


def hide_tokens() -> None:
    """For this process, however its server is started; more than once does no harm."""
    for name in _LOGS:
        log = logging.getLogger(name)
        if not any(isinstance(one, WithoutTokens) for one in log.filters):
            log.addFilter(WithoutTokens())


def _hidden(value: object) -> object:
    return _TOKEN.sub(r"\1…", value) if isinstance(value, str) else value

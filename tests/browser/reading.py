"""What a card reader or scanner does to a page: it types faster than any hand, and ends with Enter."""

from __future__ import annotations

import time

from playwright.sync_api import Page

#: Seconds between two characters; readers send one to three milliseconds apart.
_APART = 0.002


def read(page: Page, number: str) -> None:
    """Type a number as a reader does.

    Each key tells the browser when it was struck, so that a busy machine cannot turn a reader into a slow hand.
    """
    line = page.context.new_cdp_session(page)
    struck = time.time()
    for place, key in enumerate([*number, "Enter"]):
        what = {"key": key, "timestamp": struck + place * _APART}
        if key == "Enter":
            what |= {"text": "\r", "code": "Enter", "windowsVirtualKeyCode": 13}
        else:
            what["text"] = key
        line.send("Input.dispatchKeyEvent", {"type": "keyDown", **what})
        del what["text"]
        line.send("Input.dispatchKeyEvent", {"type": "keyUp", **what})
    line.detach()

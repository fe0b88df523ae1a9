"""The openssl command, asked without our signing code, agrees with good seals and with no forged value."""

from __future__ import annotations

from pathlib import Path

import pytest

from onebox.second_opinion import available, second_opinion

pytestmark = pytest.mark.skipif(not available(), reason="the openssl command is not installed")

GOOD = ["ok-01-v4-whole", "ok-03-v4-two-seals", "ok-06-v4-riding", "ok-12-v4-timestamp"]
WRONG = ["bad-05-signature-value", "bad-20-datahash", "bad-23-userid", "loose-03-maker-signature"]


@pytest.mark.parametrize("name", GOOD)
def test_it_agrees_with_good_seals(ofd_seals: Path, name: str) -> None:
    opinions = second_opinion((ofd_seals / f"{name}.ofd").read_bytes())
    assert opinions
    assert all(opinion.agrees for opinion in opinions)


@pytest.mark.parametrize("name", WRONG)
def test_it_finds_wrong_cryptography(ofd_seals: Path, name: str) -> None:
    assert not all(opinion.agrees for opinion in second_opinion((ofd_seals / f"{name}.ofd").read_bytes()))


@pytest.mark.parametrize("data", [b"", b"no zip", b"PK\x03\x04 cut"])
def test_what_is_no_ofd_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"cannot be cut apart|OFD"):
        second_opinion(data)

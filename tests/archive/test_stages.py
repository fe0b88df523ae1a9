"""Which part of a volume a case stands in comes from a table."""

from __future__ import annotations

from importlib.resources import files

import pytest

from archive.stages import Stages, StagesUnfit, VolumePart

OURS = (files("archive") / "stages.toml").read_text(encoding="utf-8")


def test_the_table_that_comes_with_the_hub_is_a_suggestion() -> None:
    stages = Stages.from_toml(OURS)
    assert not stages.verified
    assert stages.part("any", "issue") is VolumePart.FOUNDING
    assert stages.part("any", "cancel") is VolumePart.END
    assert stages.part("any", None) is VolumePart.OVERSIGHT


def test_an_item_stands_where_the_table_puts_it_whatever_its_step() -> None:
    stages = Stages.from_toml('verified = true\n[steps]\nissue = "设立"\n[items]\n"X1" = "备案"\n')
    assert stages.verified
    assert stages.part("X1", "issue") is VolumePart.RECORD
    assert stages.part("X2", "issue") is VolumePart.FOUNDING


@pytest.mark.parametrize("text", ["[steps", '[steps]\nissue = "开业"\n', "verified = true\n", "x = 1\n[steps]\n"])
def test_a_table_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(StagesUnfit):
        Stages.from_toml(text)

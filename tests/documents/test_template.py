"""A designer's mistake is told with its file and place, before a licence is drawn with it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from documents import template
from documents.errors import TemplateBroken
from documents.template import FOLDER, Row, Text, load


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in FOLDER.glob("*.toml"):
        shutil.copy(path, tmp_path)
    return tmp_path


def spoil(folder: Path, old: str, new: str) -> None:
    path = folder / "food.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('face = "title"', 'face = "kai"', "face = 'kai' is no FaceName"),
        ('border = "#3f7d4e"', 'border = "green"', "colour border is not of the form"),
        ("baseline = 73", "base_line = 73", "unknown key base_line"),
        ("baseline = 73", 'baseline = "73"', "baseline = '73' is no float"),
        ('title = "食品经营许可证"', "", "title, page.width and page.height are needed"),
        ('label = "住所"', 'label = "住所\U00030000"', "label of address needs U+30000"),
        ("top = 175\nheight = 29", "top = 275\nheight = 29", "row scope reaches beyond the page"),
        ('key = "premises"', 'key = "address"', "row address stands twice"),
        ("least = 3.8", "least = 9", "least <= size <= height does not hold"),
        ('frame = "certificate"', 'frame = "nowhere"', "no template file nowhere.frame.toml"),
        ("[colours]", "[[colours", "is no TOML"),
    ],
)
def test_a_mistake_is_told(folder: Path, old: str, new: str, told: str) -> None:
    spoil(folder, old, new)
    with pytest.raises(TemplateBroken) as caught:
        load("food", folder)
    assert told in str(caught.value)


def test_all_mistakes_are_told_at_once(folder: Path) -> None:
    spoil(folder, "baseline = 73", "base_line = 73")
    spoil(folder, 'border = "#3f7d4e"', 'border = "green"')
    with pytest.raises(TemplateBroken, match=r"green|colour border.*base_line"):
        load("food", folder)


@pytest.mark.parametrize("name", ["nothing", "../ngo", "certificate.frame", ""])
def test_an_unknown_name_is_refused_and_the_known_ones_told(name: str) -> None:
    with pytest.raises(TemplateBroken, match="food, hr-service, ngo"):
        load(name)


def test_every_key_a_designer_may_write_is_in_the_readme() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for kind in (Text, Row, template.Frame, template.Square):
        for key in kind.__dataclass_fields__:
            assert f"`{key}`" in readme, f"{kind.__name__}.{key}"

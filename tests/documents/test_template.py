"""A designer's mistake is told with its file and place, before a licence is drawn with it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from documents import template
from documents.errors import TemplateBroken
from documents.template import Row, SheetKind, Text
from documents.template_files import FOLDER, load, names


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
        ("top = 174.4\nheight = 27.6", "top = 275\nheight = 27.6", "row scope reaches beyond the page"),
        ('key = "premises"', 'key = "address"', "row address stands twice"),
        ("least = 3.8", "least = 9", "least <= size <= height does not hold"),
        ('frame = "certificate"', 'frame = "nowhere"', "no template file nowhere.frame.toml"),
        ("[colours]", "[[colours", "is no TOML"),
    ],
)
def test_a_mistake_is_told(folder: Path, old: str, new: str, told: str) -> None:
    spoil(folder, old, new)
    with pytest.raises(TemplateBroken) as caught:
        load("food", SheetKind.ORIGINAL, folder)
    assert told in str(caught.value)


def test_all_mistakes_are_told_at_once(folder: Path) -> None:
    spoil(folder, "baseline = 73", "base_line = 73")
    spoil(folder, 'border = "#3f7d4e"', 'border = "green"')
    with pytest.raises(TemplateBroken, match=r"green|colour border.*base_line"):
        load("food", SheetKind.ORIGINAL, folder)


@pytest.mark.parametrize("name", ["nothing", "../ngo", "certificate.frame", ""])
def test_an_unknown_name_is_refused_and_the_known_ones_told(name: str) -> None:
    with pytest.raises(TemplateBroken, match="food, hr-service, labour-dispatch, ngo"):
        load(name)


def test_a_copy_takes_its_words_from_the_original_and_its_places_from_itself() -> None:
    for name in names():
        original, copy = load(name), load(name, SheetKind.COPY)
        assert (original.width, original.height) == (420, 297)
        assert (copy.width, copy.height) == (297, 210)
        told = {
            row.key: (row.name, row.label, row.prefix, row.optional, row.absent, row.annex) for row in original.rows
        }
        again = {row.key: (row.name, row.label, row.prefix, row.optional, row.absent, row.annex) for row in copy.rows}
        assert again == told
        assert copy.title == original.title
        assert copy.colours["border"] == original.colours["border"]


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("food.copy.toml", 'key = "premises"', 'key = "premise"', "row premise is not one of the original"),
        ("food.copy.toml", 'key = "premises"', 'key = "holder"', "row premises of the original has no place"),
        ("annex.frame.toml", 'key = "annexed"', 'key = "holder"', "row annexed is needed on an annex page"),
        ("copy.frame.toml", "[qr]", "[qr_code]", "unknown table or key qr_code"),
    ],
)
def test_a_sheet_that_does_not_match_the_original_is_told(
    folder: Path, file: str, old: str, new: str, told: str
) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    sheet = SheetKind.ANNEX if file.startswith("annex") else SheetKind.COPY
    with pytest.raises(TemplateBroken) as caught:
        load("food", sheet, folder)
    assert told in str(caught.value)


def test_a_licence_without_a_copy_says_which_file_is_absent(folder: Path) -> None:
    (folder / "food.copy.toml").unlink()
    with pytest.raises(TemplateBroken, match=r"food\.copy\.toml"):
        load("food", SheetKind.COPY, folder)


def test_a_licence_may_bring_its_own_annex_page(folder: Path) -> None:
    (folder / "food.annex.toml").write_text('frame = "annex"\n[page]\nwidth = 210\nheight = 297\n', encoding="utf-8")
    with pytest.raises(TemplateBroken, match="reaches beyond the page"):
        load("food", SheetKind.ANNEX, folder)


def test_every_key_a_designer_may_write_is_in_the_readme() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for kind in (Text, Row, template.Frame, template.Square):
        for key in kind.__dataclass_fields__:
            assert f"`{key}`" in readme, f"{kind.__name__}.{key}"

"""Models are found by themselves, and two of one name are refused before anything is judged."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from schemas.errors import SchemaClash
from schemas.registry import MODELS, models_of

MODEL = """
from typing import ClassVar

from schemas.records.base import Record, Subject


class {name}(Record):
    schema_name: ClassVar[str] = "{schema}"
    key_fields: ClassVar[tuple[str, ...]] = ()


class Narrower({name}):
    pass
"""


def test_a_new_file_is_enough_and_two_models_of_one_name_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "found_by_itself"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "one.py").write_text(MODEL.format(name="One", schema="test.one"))
    (folder / "two.py").write_text(MODEL.format(name="Two", schema="test.two"))
    monkeypatch.syspath_prepend(str(tmp_path))
    package = importlib.import_module("found_by_itself")
    assert {name: found.__name__ for name, found in models_of(package).items()} == {
        "test.one": "One",
        "test.two": "Two",
    }
    (folder / "three.py").write_text(MODEL.format(name="Three", schema="test.one"))
    importlib.invalidate_caches()
    with pytest.raises(SchemaClash, match=r"One and .*Three"):
        models_of(package)
    for name in [name for name in sys.modules if name.startswith("found_by_itself")]:
        del sys.modules[name]


def test_every_resource_of_the_house_has_its_model_under_its_name() -> None:
    assert all(found.schema_name == name for name, found in MODELS.items())
    assert list(MODELS) == sorted(MODELS)

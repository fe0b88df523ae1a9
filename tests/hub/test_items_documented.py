"""docs/items.md tells a business person everything an item file may say, and its example is right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hub.items_check import check
from schemas.items import ServiceItem, Way, all_purposes
from schemas.items.abolished import Proof
from schemas.items.conditions import Condition
from schemas.items.model import Agreement, LegalBasis, Level, LicenceWay, Material, NamedBy, PromiseWay, Purpose, Role

BOOK = (Path(__file__).parents[2] / "docs" / "items.md").read_text(encoding="utf-8")
MODELS = (
    ServiceItem, LegalBasis, Purpose, Role, NamedBy, Material, Condition, Agreement, LicenceWay, PromiseWay, Proof,
)  # fmt: skip


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_key_is_explained(model: type) -> None:
    for name, field in model.model_fields.items():  # type: ignore[attr-defined]
        assert re.search(rf"`{field.alias or name}[` ]", BOOK), name


def test_every_word_that_may_be_written_is_explained() -> None:
    for word in (*Level, *(purpose for purpose in all_purposes())):
        assert f"`{word}`" in BOOK
    assert " → ".join(f"`{way}`" for way in Way) == re.sub(
        r"` [^ ]+", "`", re.findall(r"`licence` 证照 → .*`upload`", BOOK)[0]
    )
    for code, purpose in all_purposes().items():
        assert f"| `{code}` | {purpose.name} |" in BOOK


def test_the_example_is_an_item_without_a_mistake(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", BOOK, flags=re.DOTALL)
    (tmp_path / "example.toml").write_text(example, encoding="utf-8")
    assert [one for one in check(tmp_path) if one.blocking] == []
    (tmp_path / "example.toml").write_text(example.replace("equals", "is", 1), encoding="utf-8")
    assert [one for one in check(tmp_path) if one.blocking]

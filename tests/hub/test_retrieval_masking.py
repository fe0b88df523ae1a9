"""What is given to others than the holder shows no third party: by a list of what may stay, the rest is hidden."""

from __future__ import annotations

import json

import pytest

from hub.retrieval_masking import mask_material

ACCEPTED = {
    "$schema": "bureau.accept/1",
    "applicant_name": "武汉某某餐饮有限公司",
    "applicant_number": "001:91420112MA4K00002B",
    "address": "金银湖街道高桥五路272号",
    "legal_representative": "欧阳晓明",
    "contact_name": "李四、王五六",
    "contact_number": "111:420112199001011234",
    "contact_number_type": "111",
    "contact_mobile": "13912345678",
    "clerk": "赵七",
    "office_name": "区行政审批局",
    "item_name": "食品经营许可（代办人王五六，电话13912345678）",
    "project_name": "欧阳晓明的店",
    "from_next_year": {"guardian": ["钱八九"], "age": 41, "adult": True},
}


def test_persons_are_hidden_wherever_they_stand_and_the_rest_stays() -> None:
    shown = mask_material("受理信息", "application/json", json.dumps(ACCEPTED, ensure_ascii=False).encode(), own=True)
    assert shown is not None
    text = shown.decode()
    for words in ("欧阳", "李四", "王五六", "420112199001011234", "13912345678", "赵七", "钱八九", "41"):
        assert words not in text.replace("420112", ""), words
    told = json.loads(text)
    for stays in ("applicant_name", "applicant_number", "address", "office_name", "contact_number_type", "$schema"):
        assert told[stays] == ACCEPTED[stays]
    assert told["item_name"] == "食品经营许可（代办人王**，电话1**************78）"
    assert told["from_next_year"] == {"guardian": ["钱**"], "age": "**", "adult": True}


def test_an_applicant_the_holder_followed_is_a_third_party() -> None:
    accepted = {**ACCEPTED, "applicant_name": "孙十一", "applicant_number": "111:420112199001011234"}
    shown = mask_material("受理信息", "application/json", json.dumps(accepted).encode(), own=False)
    assert shown is not None
    told = json.loads(shown)
    assert (told["applicant_name"], "420112199001011234" in shown.decode()) == ("孙**", False)
    assert told["office_name"] == ACCEPTED["office_name"]


@pytest.mark.parametrize(
    ("title", "media_type"),
    [("授权委托书", "application/json"), ("受理信息", "application/pdf"), ("食品经营许可证", "application/ofd")],
    ids=["a material nobody described", "a scan", "a sealed licence"],
)
def test_what_cannot_be_masked_is_not_given_out(title: str, media_type: str) -> None:
    assert mask_material(title, media_type, b'{"project_no": "1"}', own=True) is None

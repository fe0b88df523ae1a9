"""Pages to draw: plausible, made up, with every template's fields."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from documents.licence import LicencePage, SheetKind
from documents.licence import fields as licence_fields

LONG_SCOPE = (
    "为劳动者介绍用人单位；为用人单位推荐劳动者；为用人单位和个人提供职业介绍信息服务；根据国家有关规定从事互联网人力资源信息服务；"
    "开展人力资源供求信息的收集、整理、储存、发布和咨询服务；职业指导；人力资源管理咨询；人力资源测评；人力资源培训；承接人力资源服务外包；"
    "组织开展现场招聘会、网络招聘会；高级人才寻访服务；劳务派遣（以许可证核定的范围为准）；法律、行政法规规定的其他人力资源服务活动"
    "（依法须经批准的项目，经相关部门批准后方可开展经营活动，未取得许可或者备案的，不得从事相关服务；涉及外资准入特别管理措施的，"
    "按照国家有关规定办理）。以上范围以登记机关核准的内容为准，并接受社会监督；服务信息应当真实、合法、有效。"
)[:300]

_COMMON = {
    "identifier": "1.2.156.3005.2.11420000000000000Y001.11420112MB0000000M.2026030200000001.001.K",
    "organ": "武汉市东西湖区行政审批局（测试）",
    "issued": "二〇二六年三月二日",
    "number": "420112202600017",
    "holder": "武汉云杉人力资源服务有限公司",
    "holder_code": "91420112MA4K000X1Q",
    "legal_rep": "欧阳䶮",
    "address": "湖北省武汉市东西湖区田园大道8号（10）",
    "scope": "为劳动者介绍用人单位；为用人单位推荐劳动者；职业指导。",
    "valid": "2026年3月2日至2031年3月1日",
}
_OWN = {
    "hr-service": {},
    "ngo": {
        "holder": "武汉市东西湖区朝阳社会工作服务中心",
        "capital": "伍拾万元整",
        "supervisor": "武汉市东西湖区民政局",
    },
    "association": {"capital": "3万元", "region": "武汉市东西湖区", "supervisor": "武汉市东西湖区民政局"},
    "entertainment": {"premises": "湖北省武汉市东西湖区环湖路57号1层3室"},
    "labour-dispatch": {"capital": "200万元人民币", "business": "劳务派遣业务"},
    "printing": {"premises": "湖北省武汉市东西湖区环湖路57号1层3室", "valid": "长期"},
    "public-place-hygiene": {"premises": "湖北省武汉市东西湖区环湖路57号1层3室"},
    "publication-retail": {"premises": "湖北省武汉市东西湖区环湖路57号1层3室", "mode": "零售"},
    "food": {
        "holder": "武汉小满餐饮管理有限公司",
        "premises": "湖北省武汉市东西湖区环湖路57号1层3室",
        "category": "餐饮服务经营者",
        "number": "JY24201120000017",
        "valid": "2031年3月1日",
    },
}

MakePage = Callable[..., LicencePage]


@pytest.fixture
def make_page() -> MakePage:
    """`make_page(template, test_mark=True, sheet=ORIGINAL, **fields)`: a page whose fields the caller may replace."""

    def make(
        template: str = "hr-service",
        *,
        test_mark: bool = True,
        sheet: SheetKind = SheetKind.ORIGINAL,
        **changed: str | None,
    ) -> LicencePage:
        known = {field.key for field in licence_fields(template)}
        fields = {**{key: words for key, words in _COMMON.items() if key in known}, **_OWN[template], **changed}
        return LicencePage(
            template=template,
            fields={key: value for key, value in fields.items() if value is not None},
            metadata={"ZZMC": "人力资源服务许可证", "ZZBH": "420112202600017", "CZZT": "甲 & 乙 <丙>"},
            data_xml="<证照><持证主体>武汉云杉人力资源服务有限公司</持证主体></证照>".encode(),
            qr_text="https://hub.example/verify?id=1.2.156.3005.2.11420000000000000Y001",
            doc_id="0123456789abcdef0123456789abcdef",
            title="人力资源服务许可证",
            creator="Yizheng Hub",
            created=date(2026, 3, 2),
            test_mark=test_mark,
            sheet=sheet,
        )

    return make


@pytest.fixture
def long_scope() -> str:
    assert len(LONG_SCOPE) == 300
    return LONG_SCOPE

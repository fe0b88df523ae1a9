"""Good rows of every resource under the sources' own columns; every number in them is made up."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import date
from typing import Any

import pytest

MAN, WOMAN = "420112198001011015", "420112198203042020"
COMPANY, OFFICE = "91420112MA0000001E", "11420112MB0000000M"

_ROWS: dict[str, dict[str, Any]] = {
    "civil.marriage": {
        "op_type": "IA",
        "cert_no": "J420112-2010-000001",
        "op_date": "2010-05-20",
        "dept_code": "420112",
        "dept_name": "武汉市东西湖区民政局",
        "name_man": "测试甲",
        "birth_man": "1980-01-01",
        "cert_type_man": "111",
        "cert_num_man": MAN,
        "nation_man": "中国",
        "folk_man": "汉族",
        "name_woman": "测试乙",
        "birth_woman": "1982-03-04",
        "cert_type_woman": "111",
        "cert_num_woman": WOMAN,
        "nation_woman": "中国",
        "folk_woman": "汉族",
        "valid_flag": "1",
    },
    "civil.social_org": {
        "id": "SO1",
        "tyxydm": COMPANY,
        "dwmc": "武汉市东西湖区测试托育服务中心",
        "zzlx": "民办非企业单位",
        "frxm": "测试甲",
        "frsfz": MAN,
        "ywzgdw": "武汉市东西湖区卫生健康局",
        "clsj": "2015-06-01",
        "ywfw": "为三周岁以下婴幼儿提供照护服务。",
        "kbzj": "30",
        "zs": "武汉市东西湖区测试路1号",
        "zt": "正常",
        "yxqz": "长期",
    },
    "tax.registration": {
        "nsrsbh": COMPANY,
        "nsrmc": "武汉测试人力资源有限公司",
        "shxydm": COMPANY,
        "fddbrxm": "测试甲",
        "sfzhm": MAN,
        "zgbm": "国家税务总局武汉市东西湖区税务局",
        "djrq": "2016-02-03",
        "qyzt": "正常",
        "fzch": "",
        "djzclxmc": "有限责任公司",
        "zczb": "1,000(万元人民币)",
        "jyfw": "人力资源招聘、职业中介活动。",
        "zcdz": "武汉市东西湖区测试路1号",
        "update_time": "2026-03-01 08:00:00",
    },
    "tax.clearance": {
        "zmbh": "342011000000001",
        "shxydm": COMPANY,
        "nsrmc": "武汉测试人力资源有限公司",
        "skssqz": "2025-01-01",
        "skssqz_end": "2025-03-31",
        "sjje": "1234.50",
        "qsje": "0.00",
        "kjrq": "2025-04-15",
        "zt": "已完税",
        "update_time": "2026-03-01 08:00:00",
    },
    "hr.insurance": {
        "zjhm": MAN,
        "xm": "测试甲",
        "xb": "1",
        "csrq": "1980-01-01",
        "dwmc": "武汉测试人力资源有限公司",
        "dwshxydm": COMPANY,
        "xz": "职工养老",
        "cbrq": "2016-03-01",
        "jfzt": "正常",
        "jfjs": "5000.00",
        "jfqz": "202602",
    },
    "hr.vocational": {
        "zyzgzsbh": "1617000001",
        "zjhm": MAN,
        "xm": "测试甲",
        "xb": "1",
        "csrq": "1980-01-01",
        "zygz": "企业人力资源管理师",
        "zydj": "三级",
        "bzjg": "湖北省职业技能鉴定中心",
        "zsbfrq": "2012-07-01",
    },
    "bureau.accept": {
        "project_no": "42011220260301000001",
        "task_code": f"{OFFICE}3000199001000",
        "task_name": "人力资源服务许可",
        "task_version": "1",
        "project_name": "武汉测试人力资源有限公司人力资源服务许可",
        "applyer_name": "武汉测试人力资源有限公司",
        "applyer_type": "2",
        "applyer_page_type": "001",
        "applyer_page_code": COMPANY,
        "legal": "测试甲",
        "contact_name": "测试甲",
        "contact_type": "111",
        "contact_code": MAN,
        "contact_mobile": "19900000000",
        "address": "武汉市东西湖区测试路1号",
        "apply_date": "2026-03-01",
        "accept_date": "2026-03-02",
        "promise_date": "2026-03-22",
        "apply_type": "1",
        "project_type": "2",
        "org_code": OFFICE,
        "org_name": "武汉市东西湖区行政审批局（测试）",
        "handle_user_name": "测试丙",
        "accept_doc_no": "东审受〔2026〕第0001号",
    },
    "bureau.result": {
        "project_no": "42011220260301000001",
        "result_type": "1",
        "result_date": "2026-03-06",
        "result_explain": "符合法定条件，准予许可。",
        "result_cetr_name": "人力资源服务许可证",
        "result_cetr_no": None,
        "is_delivery_results": "0",
    },
    "market.company": {
        "source_year": "2016",
        "name": "武汉测试人力资源有限公司",
        "code": COMPANY,
        "registered_on": "2016-02-01",
        "type": "N/A",
        "legal_rep_masked": "测**",
        "capital": "1,000(万元人民币)",
        "scope": "人力资源招聘、职业中介活动。",
        "province": "湖北",
        "city": "武汉",
        "address": "武汉市东西湖区测试路1号",
        "code_class": "uscc18_valid",
        "flags": "",
    },
}

SCHEMAS = tuple(sorted(_ROWS))
#: The columns of an exchange table that travel with every row of 民政 and the bureau.
TRAVEL = {
    "row_guid": "00000000-0000-4000-8000-000000000000",
    "cd_batch": "1",
    "cd_operation": "I",
    "cd_time": date(2026, 3, 1),
    "data_source": "1",
}

Row = Callable[..., dict[str, Any]]


@pytest.fixture
def row() -> Row:
    """`row(schema, column=value, …)`: a good row with some columns changed."""

    def make(schema: str, **changes: Any) -> dict[str, Any]:
        return {**deepcopy(_ROWS[schema]), **changes}

    return make


@pytest.fixture(params=SCHEMAS)
def schema(request: pytest.FixtureRequest) -> str:
    """Every schema in turn."""
    return str(request.param)

"""What departments call their columns, and what such a column is called here: proposals for a new schema."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Final

from schemas.registry import MODELS
from schemas.text import narrowed, trimmed

#: Headings and abbreviations seen in workbooks and exports that no schema of the house has as a column.
_COMMON: Final = {
    "citizen_id": "身份证号 身份证号码 身份证 公民身份证号 居民身份证号码 sfzh sfzhm gmsfhm idcard id_card",
    "credit_code": "信用代码 社会信用代码 统一信用代码 统一代码 tyshxydm shxydm tyxydm uscc",
    "name": "姓名 名称 xm mc",
    "organisation_name": "单位名称 企业名称 公司名称 机构名称 dwmc qymc jgmc",
    "legal_representative": "法人 法人代表 法定代表人 法定代表人姓名 负责人 fddbr frxm fddbrxm",
    "sex": "性别 xb",
    "ethnicity": "民族 mz",
    "born": "出生日期 出生年月日 csrq",
    "phone": "电话 手机 手机号 手机号码 联系电话 联系方式 lxdh sjh sjhm dh phone mobile tel",
    "address": "地址 住址 住所 联系地址 注册地址 经营地址 dz zz address",
    "division": "行政区划 行政区划代码 区划代码 所属区划 xzqh xzqhdm",
    "certificate_no": "证书编号 证书号 证书号码 许可证号 许可证编号 证照编号 zsbh zsh xkzbh",
    "issuer": "发证机关 发证单位 颁证机关 颁发机构 签发机关 fzjg bzjg",
    "issued_on": "发证日期 颁证日期 颁发日期 签发日期 发放日期 fzrq bzrq qfrq",
    "valid_from": "有效期起 有效期自 生效日期 yxqq yxqqs",
    "valid_until": "有效期止 有效期至 有效期 截止日期 到期日期 yxqz yxqzz",
    "registered_on": "登记日期 注册日期 djrq zcrq",
    "established_on": "成立日期 成立时间 设立日期 clrq clsj",
    "capital": "注册资本 注册资金 出资额 开办资金 zczb",
    "scope": "经营范围 业务范围 许可范围 jyfw ywfw",
    "state": "状态 现状 登记状态 zt",
    "kind": "类型 类别 种类 lx lb",
    "level": "等级 级别 dj jb",
    "amount": "金额 缴费金额 je",
    "area": "面积 建筑面积 mj jzmj",
    "remark": "备注 说明 bz sm remark",
    "row_no": "序号 xh",
    "year": "年份 年度 nf nd",
    "updated_at": "更新时间 修改时间 变更时间 gxsj xgsj update_time updatetime",
    "created_at": "创建时间 录入时间 cjsj lrsj create_time createtime",
    "subject_name": "专业 专业名称 zymc",
    "occupation": "职业 工种 职业工种 zygz",
}


@dataclass(frozen=True, slots=True)
class KnownColumn:
    """What is known of a column's name.

    Attributes:
        field: the English name proposed.
        label: what the column holds, in Chinese; empty where only the abbreviation is known.
        where: the schemas that have it, empty for a name of the common list.
    """

    field: str
    label: str
    where: tuple[str, ...] = ()


def known_column(source: str) -> KnownColumn | None:
    """What is known of a source's column name, in any letter case and width; None for a new one."""
    return _known().get(_plain(source))


@cache
def _known() -> dict[str, KnownColumn]:
    votes: dict[str, Counter[tuple[str, str]]] = {}
    places: dict[str, list[str]] = {}
    for schema, model in MODELS.items():
        for field, column in model.column_of.items():
            label = model.label(field)[0].partition("（")[0]
            for name in {_plain(column), _plain(label)}:
                votes.setdefault(name, Counter())[(field, label)] += 1
                places.setdefault(name, []).append(schema)
    # The common list is meant for any table; a schema's own name for a column may be narrower than the word.
    found = {
        name: KnownColumn(*max(voted, key=lambda pair: (voted[pair], pair)), tuple(sorted(set(places[name]))))
        for name, voted in votes.items()
    }
    for field, names in _COMMON.items():
        chinese = next((name for name in names.split() if not name.isascii()), "")
        for name in names.split():
            where = found[name].where if name in found else ()
            found[name] = KnownColumn(field, chinese if name.isascii() else name, where)
    return found


def _plain(name: str) -> str:
    return narrowed(trimmed(name)).partition("(")[0].strip().lower()

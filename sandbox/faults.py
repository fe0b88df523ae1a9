"""How one value is spoilt: functions from a good value to a dirty one, None where the value does not lend itself.

Each keeps to one fault: a wrong check character leaves the shape right, an impossible birth date
gets the check character that fits it, so that a right judge has exactly one thing to say.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from sandbox import numbers


def lower_case(value: str, rng: Random) -> str | None:
    """91420112MA… -> 91420112ma…"""
    return value.lower() if value.lower() != value else None


def outer_blanks(value: str, rng: Random) -> str | None:
    """Blanks before or behind, also the full-width one."""
    before, behind = rng.choice(((" ", ""), ("", "  "), ("", "\u3000"), ("\t", ""), (" ", " ")))
    return before + value + behind if value else None


def fifteen_digits(value: str, rng: Random) -> str | None:
    """The old form of a citizen number; only births of the last century had one."""
    return numbers.as_fifteen_digits(value) if len(value) == 18 and value[6:8] == "19" else None


def half_width_brackets(value: str, rng: Random) -> str | None:
    """（武汉） -> (武汉), sometimes only one of the two."""
    if "（" not in value:
        return None
    return value.replace("（", "(").replace("）", ")") if rng.random() < 0.8 else value.replace("（", "(")


def not_available(value: str, rng: Random) -> str | None:
    """The letters N/A where nothing is known."""
    return "N/A"


def date_form(value: str, rng: Random) -> str | None:
    """The same day written in another of the usual ways."""
    day = read_day(value)
    forms = [
        f"{day}",
        f"{day:%Y%m%d}",
        f"{day:%Y/%m/%d}",
        f"{day.year}/{day.month}/{day.day}",
        f"{day:%Y.%m.%d}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%Y年%m月%d日}",
        f"{day} 00:00:00",
        f"{day}T00:00:00",
    ]
    return rng.choice([form for form in forms if form != value])


def long_term(value: str, rng: Random) -> str | None:
    """Valid without end."""
    return "长期"


def capital_shape(value: str, rng: Random) -> str | None:
    """One of the many ways registers write a capital; all say an amount and a currency."""
    digits = "".join(sign for sign in value if sign.isdigit())
    if not digits:
        return None
    amount = int(digits)
    number = rng.choice((f"{amount}", f"{amount:,}", f"{amount}.0", f"{amount:,}.5", f"{amount}.0000"))
    yuan = ("(万元人民币)", "(万元)", "(万)", "万人民币", "万元人民币", "（万元）", "（万元人民币）", "万元")
    foreign = ("(万美元)", "万美元", "(万港币)", "万港币", "(万日元)", "(万欧元)", "(万英镑)", "(万法国法郎)")
    unit = rng.choice(yuan if rng.random() < 0.75 else foreign)
    shape = number + unit
    return shape if shape != value else f"{amount}(万元)"


def thousands_commas(value: str, rng: Random) -> str | None:
    """12345.60 -> 12,345.60"""
    whole, point, cents = value.partition(".")
    return f"{int(whole):,}{point}{cents}" if len(whole) > 3 else None


def quoted_comma(value: str, rng: Random) -> str | None:
    """A comma or a doubled quotation mark inside a quoted CSV value, which is right."""
    return rng.choice((f"{value},东西湖区", f'"{value}"'))


def citizen_check(value: str, rng: Random) -> str | None:
    """Another last character than the right one."""
    return value[:17] + rng.choice("0123456789X".replace(value[17], "")) if len(value) == 18 else None


def citizen_shape(value: str, rng: Random) -> str | None:
    """A digit too few or too many, or a letter where a digit belongs."""
    if len(value) != 18:
        return None
    return rng.choice((value[:-1], value + "0", value[:5] + "O" + value[6:], value[:8] + "**" + value[10:]))


def citizen_birth(value: str, rng: Random) -> str | None:
    """A birth date no calendar has, under a check character that fits it."""
    if len(value) != 18:
        return None
    body = value[:10] + rng.choice(("0230", "1301", "0431", "0000")) + value[14:17]
    return body + numbers.citizen_check(body)


def code_check(value: str, rng: Random) -> str | None:
    """Another last character than the right one."""
    return value[:17] + rng.choice(numbers.CODE_ALPHABET.replace(value[17], "")) if len(value) == 18 else None


def code_shape(value: str, rng: Random) -> str | None:
    """A character too few, a letter no credit code has, or the registration number from before 2015."""
    return rng.choice((value[:-1], value[:9] + rng.choice("IOZSV") + value[10:], f"42011200{rng.randrange(10**7):07d}"))


def missing(value: str, rng: Random) -> str | None:
    """Nothing, or blanks, which is as much."""
    return rng.choice(("", "", "  "))


def outside_the_set(value: str, rng: Random) -> str | None:
    """A value no list has; codes stay codes and words stay words."""
    # not 9 and not 0: they mean "not stated" in more than one national code list
    return rng.choice(("7", "X7")) if value.isascii() else rng.choice(("待定", "其它情形", "未知状态"))


def date_unreadable(value: str, rng: Random) -> str | None:
    """No day of any calendar, in no form."""
    return rng.choice(("2019-02-30", "20191301", "2019-13-45", "去年三月", "2O19-05-06", "201905", "43521.0"))


def date_future(value: str, rng: Random) -> str | None:
    """A day in the 2090s where only a past day makes sense."""
    return f"209{rng.randint(0, 9)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"


def amount_unreadable(value: str, rng: Random) -> str | None:
    """Text that is no amount."""
    return rng.choice(("12.3.4", "1O0.00", "约三千", "若干", "壹佰点五"))


def capital_unreadable(value: str, rng: Random) -> str | None:
    """Text that is no capital."""
    return rng.choice(("若干万元", "1O0(万元)", "12.3.4(万元)", "以章程为准"))


def birth_disagrees(value: str, rng: Random) -> str | None:
    """A real day, but not the one in the citizen number."""
    moved = read_day(value) + timedelta(days=rng.choice((-366, -31, -1, 1, 30, 365)))
    return f"{moved:%Y%m%d}"


def sex_disagrees(value: str, rng: Random) -> str | None:
    """The other sex."""
    return {"1": "2", "2": "1"}[value]


def garbled(value: str, rng: Random) -> str | None:
    """Chinese read in the wrong encoding, or with characters lost on the way."""
    return rng.choice(
        (
            value[:1] + "\ufffd\ufffd" + value[2:],
            value.encode().decode("latin-1"),
            value.encode().decode("gb18030", errors="replace"),
            "锟斤拷" + value[1:],
        )
    )


def read_day(value: str) -> date:
    """The day of a clean date: yyyyMMdd or yyyy-MM-dd, with or without a time."""
    digits = value[:10].replace("-", "")[:8]
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))

"""Times, ages, names and numbers as the officer's screens write them.

Dates are 2026-11-23, times have 24 hours; every time is shown in the post's zone first.
Numbers that identify a person are masked with • here and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from desk.ui.look import Look

SHOWN_OF_RESIDENT = 8
MASK = "•"

WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Here:
    """Where and when the screen is shown: post, window, zone, the present moment (UTC).

    ``post`` is the post's name by language, ``officer`` the signed-in person's.
    """

    post: dict[str, str]
    window: str
    zone: ZoneInfo
    now: datetime
    officer: str = ""
    version: str = ""
    training: bool = False
    role: str = field(default="officer")


def clock(at: datetime, here: Here) -> str:
    """10:27 in the post's time."""
    return at.astimezone(here.zone).strftime("%H:%M")


def clock_seconds(at: datetime, here: Here) -> str:
    """10:27:41 in the post's time."""
    return at.astimezone(here.zone).strftime("%H:%M:%S")


def day_and_clock(at: datetime, here: Here) -> str:
    """11-24 10:30 in the post's time."""
    return at.astimezone(here.zone).strftime("%m-%d %H:%M")


def header_time(look: Look, at: datetime, zone: ZoneInfo) -> str:
    """11-23 (월) 10:27, or Mon 23 Nov 10:27."""
    local = at.astimezone(zone)
    if look.language == "en":
        month = MONTHS_EN[local.month - 1]
        return f"{WEEKDAYS_EN[local.weekday()]} {local.day} {month} {local:%H:%M}"
    weekday = look.say(f"weekday.{local.weekday()}")
    return f"{local:%m-%d} ({weekday}) {local:%H:%M}"


def long_day(look: Look, at: datetime, zone: ZoneInfo) -> str:
    """2026년 11월 23일 월요일, or Monday 23 November 2026."""
    local = at.astimezone(zone)
    weekday = look.say(f"weekday_long.{local.weekday()}")
    month = look.say(f"month.{local.month}")
    return look.say("day.long", year=local.year, month=month, day=local.day, weekday=weekday)


def long_time(look: Look, at: datetime, zone: ZoneInfo) -> str:
    """2026년 11월 23일 (월) 08:52, or Mon 23 November 2026, 08:52."""
    local = at.astimezone(zone)
    short = look.say(f"weekday.{local.weekday()}")
    month = look.say(f"month.{local.month}")
    day = look.say("day.timed", year=local.year, month=month, day=local.day, weekday=short)
    return f"{day} {local:%H:%M}"


def age(look: Look, at: datetime | None, now: datetime) -> str:
    """How long ago: 방금, 2분 전, 4시간 전, 22일 전."""
    if at is None:
        return ""
    passed = max(timedelta(0), now - at)
    minutes = int(passed.total_seconds() // 60)
    if minutes < 1:
        return look.say("age.now")
    if minutes < 60:
        return look.say("age.minutes", n=minutes)
    if minutes < 24 * 60:
        return look.say("age.hours", n=minutes // 60)
    return look.say("age.days", n=minutes // (24 * 60))


def duration(look: Look, seconds: float) -> str:
    """1분 10초; 42초."""
    whole = round(seconds)
    if whole < 60:
        return look.say("duration.seconds", n=whole)
    return look.say("duration.minutes", minutes=whole // 60, seconds=whole % 60)


def years_old(birth: date, at: datetime, zone: ZoneInfo) -> int:
    """Completed years, as the law counts them."""
    today = at.astimezone(zone).date()
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))


def masked_resident(number: str) -> str:
    """910314-2••••••: birth date and the first digit behind it are shown."""
    shown = number[:SHOWN_OF_RESIDENT]
    return shown + MASK * max(0, len(number) - len(shown))


def sex(look: Look, letter: str) -> str:
    key = f"sex.{letter.upper()}"
    return look.say(key) if key in look.words else letter


def nation(look: Look, code: str) -> str:
    """The country's name where the table has it, the code itself otherwise."""
    key = f"nation.{code.upper()}"
    return look.say(key) if key in look.words else code


def person(look: Look, hangul: str, latin: str) -> tuple[str, str]:
    """The name people use and the one beneath it: Hangul first in Korean, Latin in English."""
    if look.language == "ko" and hangul:
        return hangul, latin
    return latin or hangul, ""


def kilobytes(size: int) -> str:
    return f"{max(1, round(size / 1000))} kB"

"""Words, dates and hours of the sheets, in Korean and the second language side by side.

The sentences stand in ``resources/words/slip.toml``; places and grammar are
:mod:`desk.words`'.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

from desk.words import Words

_HOURS = re.compile(r"\d{1,2}:\d{2}\s*[-–~]\s*\d{1,2}:\d{2}")


@dataclass(frozen=True)
class Pair:
    """One sentence twice: in Korean and in the sheet's second language."""

    ko: str
    other: str


@dataclass(frozen=True)
class SlipWords:
    """The words of one sheet."""

    second: str

    def say(self, key: str, /, **places: str | int) -> Pair:
        """Raises KeyError for a key without words."""
        table = _table()
        return Pair(table.text(key, "ko", **places), table.text(key, self.second, **places))

    def pick(self, words: Mapping[str, str], /) -> Pair:
        """Both languages of a name by language; English where the second is missing."""
        return Pair(words["ko"], words.get(self.second) or words["en"])

    def has(self, key: str) -> bool:
        return key in _table()

    def weekday(self, day: date) -> Pair:
        return self.say(f"weekday.d{day.isoweekday()}")

    def moment(self, at: datetime, zone: tzinfo) -> Pair:
        """``2026-11-23 (월) 10:41`` and the same as the second language writes it."""
        local = at.astimezone(zone)
        week = self.weekday(local.date())
        korean = f"{local:%Y-%m-%d} ({week.ko}) {local:%H:%M}"
        return Pair(korean, self._foreign(local, week.other))

    def _foreign(self, local: datetime, week: str) -> str:
        if self.second == "zh":
            return f"{local.year}年{local.month}月{local.day}日（{week}）{local:%H:%M}"
        if self.second == "vi":
            return f"{week} {local:%d/%m/%Y}, {local:%H:%M}"
        month = self.say(f"month.m{local.month}").other
        return f"{week} {local.day} {month} {local.year}, {local:%H:%M}"

    def day(self, day: str) -> str:
        """An ISO date as the second language writes it; anything else as it is."""
        try:
            found = date.fromisoformat(day)
        except ValueError:
            return day
        return f"{found:%d/%m/%Y}" if self.second == "vi" else day

    def hours(self, hours: str) -> tuple[str, str]:
        """Opening hours; the second text is empty where the post's wording stands for both."""
        if not _HOURS.fullmatch(hours.strip()):
            return hours.strip(), ""
        both = self.say("post.weekdays", hours=hours.strip())
        return both.ko, both.other

    def age(self, at: datetime, now: datetime) -> Pair:
        """How old a fact is, in the largest unit that leaves a whole number."""
        age = max(now.astimezone(UTC) - at.astimezone(UTC), timedelta(0))
        minutes = max(int(age.total_seconds()) // 60, 1)
        if minutes < 60:
            return self.say("age.minutes", n=minutes)
        if minutes < 48 * 60:
            return self.say("age.hours", n=minutes // 60)
        return self.say("age.days", n=minutes // (24 * 60))


@lru_cache(maxsize=1)
def _table() -> Words:
    return Words("slip")

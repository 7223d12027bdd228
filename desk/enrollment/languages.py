"""The language of a phone: what the few words that the service says to people are in."""

from __future__ import annotations

from functools import cache, lru_cache

from desk.words import Words

LANGUAGES = ("ko", "en", "zh", "vi")
_MOST_WISHES = 20


def preferred(accepted: str) -> str | None:
    """The first language that an Accept-Language header and this program share."""
    wishes = []
    for place, entry in enumerate(accepted.split(",")[:_MOST_WISHES]):
        tag, _, parameters = entry.strip().partition(";")
        wishes.append((-_weight(parameters), place, tag.strip().lower().partition("-")[0]))
    for weight, _, primary in sorted(wishes):
        if primary in LANGUAGES and weight < 0:
            return primary
    return None


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    try:
        return float(value) if name == "q" else 1.0
    except ValueError:
        return 0.0


@lru_cache(maxsize=64)
def pin_description(accepted: str) -> str:
    """What a wallet says above the field for the issuance PIN (OpenID4VCI 1.0, 4.1.1: at most
    300 characters). Many ask without a language: they say it in Korean and in English."""
    language = preferred(accepted)
    spoken = ("ko", "en") if language is None else (language,)
    return " · ".join(_words().text("wallet.pin", one) for one in spoken)


@cache
def _words() -> Words:
    return Words("landing")

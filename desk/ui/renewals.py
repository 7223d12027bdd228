"""How the officer's pages name a case that renews what a person holds."""

from __future__ import annotations

from desk.issuance.case import Case, CaseKind
from desk.ui.look import Look
from desk.ui.pages.own_words import OwnWords

AREA = "renewal"


def kind_words(look: Look, kind: CaseKind) -> str:
    """«재개», «다시 발급»; empty for an ordinary case."""
    return "" if kind is CaseKind.ISSUE else OwnWords(look, AREA)(f"renewal_kind.{kind.value}")


def renewal_words(look: Look, case: Case) -> str:
    """Which credential is renewed, and why."""
    say = OwnWords(look, AREA)
    key = f"{case.kind.value}_reason.{case.renewal_reason}"
    return " · ".join(part for part in (case.former or "", say(key) if key in say else "") if part)


def renewal_title(look: Look) -> str:
    """What stands over the content of a credential that exists already."""
    return OwnWords(look, AREA)("renewal_review.content")

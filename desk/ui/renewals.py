"""How the officer's pages name a case that renews what a person holds."""

from __future__ import annotations

from desk.issuance.case import CaseKind
from desk.ui.look import Look
from desk.ui.pages.own_words import OwnWords

AREA = "renewal"


def kind_words(look: Look, kind: CaseKind) -> str:
    """«재개», «다시 발급»; empty for an ordinary case."""
    return "" if kind is CaseKind.ISSUE else OwnWords(look, AREA)(f"renewal_kind.{kind.value}")

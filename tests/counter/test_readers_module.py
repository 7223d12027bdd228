"""A station whose settings name a vendor's module: sign-in and signing through it alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from desk.app.pcsc_readers import PcscReaders
from desk.cards.signer import CardSigner
from desk.cards.token import TokenSession
from desk.counter import officers
from desk.counter.officers import Officer
from desk.counter.readers import ReaderRoles
from desk.counter.settings import ReaderSettings
from desk.issuance.roles import Role
from desk.training.authority import TrainingAuthority
from tests.cards.issue import pin
from tests.cards.test_token import OPENSC, existing, officer_card
from tests.pcscd import PcscService, pcscd, pcscd_host, wait_until

__all__ = ["pcscd", "pcscd_host"]

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.mark.parametrize("strict", [True, False])
def test_officer_signs_in_and_signs_behind_a_module(pcscd: PcscService, strict: bool) -> None:
    """The card is gone when its reader is empty, though the module named the reader."""
    card = officer_card(TrainingAuthority.create(NOW), strict=strict)
    readers = PcscReaders()
    try:
        roles = ReaderRoles(readers, ReaderSettings("", "", str(existing(OPENSC))))
        with pcscd.slot(1) as slot:
            reader = slot.lay(card)
            wait_until(lambda: _is_present(readers, reader), "card told by the watcher")
            with roles.officer_card() as session:
                assert isinstance(session, TokenSession)
                identity = officers.read_card_identity(session)
                known = Officer(
                    "T-1", "담당자", "Officer", "영사", "Consul", Role.OFFICER, "LA", identity
                )
                signed_in = officers.sign_in(session, pin(), {identity: known}, "LA", lambda: NOW)
            with CardSigner(roles.officer_card, now=lambda: NOW) as signer:
                signer.unlock(pin())
                signer.sign(b"credential")
            assert not roles.officer_is_gone(readers.world())
            slot.pull()
            wait_until(lambda: roles.officer_is_gone(readers.world()), "card told as gone")
    finally:
        readers.stop()

    assert signed_in.officer == known
    assert card.pin_tries == 3


def _is_present(readers: PcscReaders, name: str) -> bool:
    found = readers.world().reader(name)
    return found is not None and found.present

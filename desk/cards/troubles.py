"""What can go wrong with readers and the officer's card.

CardTrouble
├── TransportFailed
│   ├── ServiceStopped     the machine's smartcard service is not running
│   ├── ReaderGone         the reader was unplugged
│   └── CardReset          another program restarted the chip
├── ReaderTrouble          a session cannot begin
│   ├── NoReader, NoCard, MuteCard, ReaderHeld, CardUnsupported, AccessDenied,
    │   ModuleMissing
└── OfficerCardTrouble
    ├── NotOfficerCard     no PIV application on it
    ├── PinTrouble         PinFormat, PinNeeded, WrongPin, LastTry, PinBlocked,
    │                      WrongPuk, PukBlocked, WrongPinUncounted, PinNotTyped,
    │                      NewPinsDiffer, NoPinPad
    ├── KeyUnusable        the slot has no key, or not of this kind
    ├── NotForThisCard     the card does not open what was wrapped to it
    ├── ManagementRefused  the management key is not this card's
    └── SignerTrouble      NoSignerCertificate, NoSignInCertificate,
                           CertificateUnreadable, CertificateExpired,
                           CertificateNotYetValid, CertificateRevoked, ChainBroken,
                           SignatureMismatch, RevocationListRefused (RevocationListNotWhole,
                           RevocationListsUnreadable),
                           RevocationListOlder
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from desk.iso7816.troubles import CardTrouble, TransportFailed


class ServiceStopped(TransportFailed):
    """The smartcard service does not run, or stopped in mid-session."""

    code: ClassVar[str] = "READER-01"


class ReaderGone(TransportFailed):
    """The reader is not connected any more."""

    code: ClassVar[str] = "READER-11"


class CardReset(TransportFailed):
    """Another program restarted the chip; the session must begin again."""

    code: ClassVar[str] = "READER-10"


class ReaderTrouble(CardTrouble):
    """A session with a chip cannot begin."""


class NoReader(ReaderTrouble):
    """No reader is connected."""

    code: ClassVar[str] = "READER-02"


class MuteCard(ReaderTrouble):
    """Something lies on the reader, and no chip answers."""

    code: ClassVar[str] = "READER-03"


class NoCard(ReaderTrouble):
    """The reader is empty."""

    code: ClassVar[str] = "READER-04"


class ReaderHeld(ReaderTrouble):
    """Another program holds the reader for itself."""

    code: ClassVar[str] = "READER-06"


class CardUnsupported(ReaderTrouble):
    """Reader and chip share no protocol."""

    code: ClassVar[str] = "READER-12"


class AccessDenied(ReaderTrouble):
    """The system's rules keep this account from the readers."""

    code: ClassVar[str] = "READER-13"


class ModuleMissing(ReaderTrouble):
    """The vendor's PKCS #11 module cannot be loaded; fact: ``file``."""

    code: ClassVar[str] = "READER-14"


class OfficerCardTrouble(CardTrouble):
    """Any trouble with the officer's card itself."""

    code: ClassVar[str] = "CARD-00"


class NotOfficerCard(OfficerCardTrouble):
    """The card has no PIV application."""

    code: ClassVar[str] = "CARD-01"


class OtherCard(OfficerCardTrouble):
    """The card on the reader is not the one this step began with; no PIN was sent to it."""

    code: ClassVar[str] = "CARD-18"


class PinTrouble(OfficerCardTrouble):
    """The PIN or PUK does not open the card."""


class WrongPin(PinTrouble):
    """The PIN is not the card's; ``tries_left`` is the card's own count."""

    code: ClassVar[str] = "CARD-02"

    def __init__(self, tries_left: int) -> None:
        super().__init__(tries_left=tries_left)
        self.tries_left = tries_left


class LastTry(PinTrouble):
    """One try is left (or the card does not say how many); nothing was sent.

    Ask the officer, then call again with ``allow_last_try``.
    """

    code: ClassVar[str] = "CARD-03"


class PinFormat(PinTrouble):
    """Not 6 to 8 digits (PUK: not 8 characters); nothing was sent."""

    code: ClassVar[str] = "CARD-04"


class PinBlocked(PinTrouble):
    """No try is left; the PUK can set a new PIN."""

    code: ClassVar[str] = "CARD-05"


class WrongPuk(PinTrouble):
    """The PUK is not the card's; ``tries_left`` is the card's own count."""

    code: ClassVar[str] = "CARD-06"

    def __init__(self, tries_left: int) -> None:
        super().__init__(tries_left=tries_left)
        self.tries_left = tries_left


class PukBlocked(PinTrouble):
    """No try is left for the PUK: the card must be replaced."""

    code: ClassVar[str] = "CARD-07"


class PinNeeded(PinTrouble):
    """The card wants the PIN before this step."""

    code: ClassVar[str] = "CARD-17"


class WrongPinUncounted(PinTrouble):
    """The PIN is not the card's, and neither card nor module says how many tries are left."""

    code: ClassVar[str] = "CARD-23"


class PinNotTyped(PinTrouble):
    """Nothing was typed on the reader's pad in time, or it was cancelled there; nothing was sent.

    The pad's own status word is in ``sw``.
    """

    code: ClassVar[str] = "CARD-19"


class NewPinsDiffer(PinTrouble):
    """The new PIN was typed twice and not the same; nothing was sent to the card."""

    code: ClassVar[str] = "CARD-20"


class NoPinPad(PinTrouble):
    """The PIN was to be typed on the reader, which has no keys for that."""

    code: ClassVar[str] = "CARD-21"


class KeyUnusable(OfficerCardTrouble):
    """The slot has no key, or one that cannot do what was asked."""

    code: ClassVar[str] = "CARD-14"


class NotForThisCard(OfficerCardTrouble):
    """The card's key does not open what was wrapped to it: other key, or bytes changed."""

    code: ClassVar[str] = "KEYS-05"


class ManagementRefused(OfficerCardTrouble):
    """The card does not accept the management key, or did not prove that it has it."""

    code: ClassVar[str] = "CARD-15"


class SignerTrouble(OfficerCardTrouble):
    """The card's certificates do not allow the step."""


class NoSignerCertificate(SignerTrouble):
    """The signature slot (9C) holds no certificate."""

    code: ClassVar[str] = "CARD-08"


class CertificateExpired(SignerTrouble):
    """The certificate's validity is over; ``until`` is its last day, UTC."""

    code: ClassVar[str] = "CARD-09"

    def __init__(self, until: datetime) -> None:
        super().__init__(until=f"{until:%Y-%m-%d}")


class CertificateNotYetValid(SignerTrouble):
    """The machine's clock stands before the certificate's first day, UTC."""

    code: ClassVar[str] = "CARD-10"

    def __init__(self, since: datetime, clock: datetime) -> None:
        super().__init__(since=f"{since:%Y-%m-%d}", clock=f"{clock:%Y-%m-%d}")


class CertificateRevoked(SignerTrouble):
    """The authority's revocation list names the certificate; ``since`` is the day, UTC."""

    code: ClassVar[str] = "CARD-22"

    def __init__(self, since: datetime) -> None:
        super().__init__(since=f"{since:%Y-%m-%d}")


class RevocationListRefused(SignerTrouble):
    """Not a revocation list signed by an issuer this desk knows."""

    code: ClassVar[str] = "CARD-24"


class RevocationListNotWhole(RevocationListRefused):
    """The list says only a part: what changed since another list, one kind of certificate or
    reason, other issuers' certificates, or what this desk does not understand."""

    code: ClassVar[str] = "CARD-26"


class RevocationListsUnreadable(RevocationListRefused):
    """A list that is held cannot be read or was altered; whether a card is revoked is not
    known."""

    code: ClassVar[str] = "CARD-27"


class RevocationListOlder(SignerTrouble):
    """A newer list of the same issuer is held; facts: ``held``, ``given``, days."""

    code: ClassVar[str] = "CARD-25"


class CertificateUnreadable(SignerTrouble):
    """The card's certificate object holds no certificate this desk can use."""

    code: ClassVar[str] = "CARD-11"


class SignatureMismatch(SignerTrouble):
    """The card's answer is not a signature by the key of its certificate."""

    code: ClassVar[str] = "CARD-12"


class NoSignInCertificate(SignerTrouble):
    """The authentication slot (9A) holds no certificate."""

    code: ClassVar[str] = "CARD-13"


class ChainBroken(SignerTrouble):
    """None of the issuing certificates given issued the card's certificate."""

    code: ClassVar[str] = "CARD-16"

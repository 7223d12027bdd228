"""What can go wrong on the training phone, as its window shows it.

PhoneTrouble
 ├─ NotForThisPhone    PHONE-01  the QR is neither an offer nor a request
 ├─ Unreachable        PHONE-02  the service does not answer
 ├─ OfferExpired       PHONE-03
 ├─ OfferUsed          PHONE-04
 ├─ OfferWithdrawn     PHONE-05  voided by the desk, or unknown
 ├─ PinWrong           PHONE-06  facts: tries_left
 ├─ PinTriesOver       PHONE-07
 ├─ NotUnderstood      PHONE-08  the service's answer breaks the standard
 ├─ Denied             PHONE-09  the desk refused
 ├─ TakesTooLong       PHONE-10  deferred for longer than the phone waits
 ├─ CredentialBad      PHONE-11  what came does not verify; facts: reason (its code)
 ├─ RequestBad         PHONE-12  the check's request is not genuine or not answerable
 ├─ CheckOver          PHONE-13  the check has expired or was answered
 └─ NothingScanned     PHONE-14  nothing to redeem or to present
"""

from __future__ import annotations

from desk.trouble import Trouble


class PhoneTrouble(Trouble):
    """The training phone cannot go on."""


class NotForThisPhone(PhoneTrouble):
    """The text of the QR is neither a credential offer nor a presentation request."""

    code = "PHONE-01"


class Unreachable(PhoneTrouble):
    """No answer from the address in the QR; nothing was used up that the phone knows of."""

    code = "PHONE-02"


class OfferExpired(PhoneTrouble):
    """The offer's time is over."""

    code = "PHONE-03"


class OfferUsed(PhoneTrouble):
    """The offer was redeemed before, by this phone or another."""

    code = "PHONE-04"


class OfferWithdrawn(PhoneTrouble):
    """The desk voided the offer, or the service does not know it."""

    code = "PHONE-05"


class PinWrong(PhoneTrouble):
    """The issuance PIN is wrong; facts: ``tries_left``."""

    code = "PHONE-06"


class PinTriesOver(PhoneTrouble):
    """The last try was wrong: the offer is void."""

    code = "PHONE-07"


class NotUnderstood(PhoneTrouble):
    """An answer that breaks the standard; facts: ``step``, ``status``, ``error``."""

    code = "PHONE-08"


class Denied(PhoneTrouble):
    """The desk does not issue the credential."""

    code = "PHONE-09"


class TakesTooLong(PhoneTrouble):
    """Still not ready after the time a phone waits; it may ask again later."""

    code = "PHONE-10"


class CredentialBad(PhoneTrouble):
    """What was delivered does not verify and is not kept; facts: ``reason`` (a code)."""

    code = "PHONE-11"


class RequestBad(PhoneTrouble):
    """A presentation request that is not genuine or asks for what is not held."""

    code = "PHONE-12"


class CheckOver(PhoneTrouble):
    """The presentation request has expired or was answered before."""

    code = "PHONE-13"


class NothingScanned(PhoneTrouble):
    """There is no offer to redeem, or no request to answer."""

    code = "PHONE-14"

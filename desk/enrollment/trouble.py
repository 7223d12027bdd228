"""The troubles of the phone-facing service, of the desk's way to it, and of its process.

    EnrollmentTrouble
     ├─ LinkTrouble            the desk calls and does not get what it asked for
     │   ├─ ServiceDown        ENROLL-01  no answer, or not in time
     │   ├─ StationRefused     ENROLL-02  the service does not know this station's key
     │   ├─ AnswerUnusable     ENROLL-04  an answer this version does not understand
     │   ├─ ClocksApart        ENROLL-05  desk and service disagree about the time
     │   ├─ NotThere           ENROLL-06  no offer, request or check of that identifier
     │   ├─ AlreadyOtherwise   ENROLL-07  the identifier stands for something else, or ended
     │   ├─ OrderUnusable      ENROLL-08  the service refuses the order's content
     │   ├─ CertificateRefused ENROLL-25  the certificate shown at its address does not hold
     │   ├─ WrongAddress       ENROLL-27  somebody answers there, but not for desks
     │   └─ NotLetThrough      ENROLL-28  the proxy before it does not know this desk's address
     ├─ ProviderUnreachable    ENROLL-30  a wallet provider's status list cannot be had now
     ├─ MailboxTrouble         the service and its file
     │   ├─ MailboxFull        ENROLL-03  the disk is full
     │   ├─ MailboxBroken      ENROLL-09  the database cannot be opened or read
     │   ├─ MailboxNewer       ENROLL-10  the file was written by a newer version
     │   ├─ MailboxInUse       ENROLL-26  another process has the file
     │   └─ MailboxAway        ENROLL-21  the database server does not answer now
     └─ ProcessTrouble         starting the service
         ├─ NotStarted         ENROLL-11  the service ended before it was ready
         ├─ AddressTaken       ENROLL-12  another program holds the port
         ├─ AddressUnusable    ENROLL-24  the address is not this machine's, or not for this user
         ├─ KeyFileUnsafe      ENROLL-13  the station's key is missing or open to others
         ├─ PublicUrlUnusable  ENROLL-14  phones could not use this address safely
         ├─ CertificateFileUnusable  ENROLL-20  a file of certificates or of a key cannot be used
         ├─ MailboxAddressUnusable   ENROLL-22  the address of the database cannot be used
         └─ ProcessesNeedServer      ENROLL-23  a file is one process's only

``OFFER-nn`` codes name what the events of an offer mean to the officer; nothing raises
them here, they only have their words in ``resources/troubles/enrollment.toml``.
"""

from __future__ import annotations

from desk.trouble import Trouble


class EnrollmentTrouble(Trouble):
    """Anything between the desk and the phones."""


class LinkTrouble(EnrollmentTrouble):
    """A call of the desk did not get its answer."""


class ServiceDown(LinkTrouble):
    """Nobody answers at the service's address, or not in time; the call may be repeated."""

    code = "ENROLL-01"


class StationRefused(LinkTrouble):
    """The service does not accept this station's key."""

    code = "ENROLL-02"


class AnswerUnusable(LinkTrouble):
    """The answer cannot be understood; facts: ``status``."""

    code = "ENROLL-04"


class ClocksApart(LinkTrouble):
    """The two clocks differ; facts: ``seconds`` (positive: the service is ahead)."""

    code = "ENROLL-05"


class OtherIssuer(LinkTrouble):
    """The service gives itself another address than the desk knows it by, or leads phones to
    one: proofs would be made for it and credentials name it for their status."""

    code = "ENROLL-31"


class NotThere(LinkTrouble):
    """The service knows nothing of that identifier."""

    code = "ENROLL-06"


class AlreadyOtherwise(LinkTrouble):
    """The identifier was used for another order, or its offer has ended; facts: ``reason``."""

    code = "ENROLL-07"


class OrderUnusable(LinkTrouble):
    """The service refuses what the order holds; facts: ``reason``."""

    code = "ENROLL-08"


class CertificateRefused(LinkTrouble):
    """Somebody answers at the service's address whose TLS certificate does not hold; nothing
    was sent. Facts: ``reason``, in the TLS library's words."""

    code = "ENROLL-25"


class WrongAddress(LinkTrouble):
    """Somebody answers at the service's address, but no desk's side of a service is there: a
    path too many, or another server's address. Facts: ``status``."""

    code = "ENROLL-27"


class NotLetThrough(LinkTrouble):
    """The proxy before the service lets calls of this desk's network address not through."""

    code = "ENROLL-28"


class ProviderUnreachable(EnrollmentTrouble):
    """Whether the provider of a wallet took its word back cannot be asked now; the phone's
    request stays. Facts: ``host``, ``reason``."""

    code = "ENROLL-30"


class MailboxTrouble(EnrollmentTrouble):
    """The service's database."""


class MailboxFull(MailboxTrouble):
    """No room on the disk; nothing was written."""

    code = "ENROLL-03"


class MailboxBroken(MailboxTrouble):
    """The database cannot be opened, read or written."""

    code = "ENROLL-09"


class MailboxNewer(MailboxTrouble):
    """The database has a later layout; facts: ``found``, ``known``."""

    code = "ENROLL-10"


class MailboxInUse(MailboxTrouble):
    """Another process has the file, and only one may; facts: ``file``, its name."""

    code = "ENROLL-26"


class MailboxAway(MailboxTrouble):
    """The database server does not answer now. The same step again does no more than once,
    whatever became of this one."""

    code = "ENROLL-21"


class ProcessTrouble(EnrollmentTrouble):
    """The service could not be started as asked."""


class NotStarted(ProcessTrouble):
    """The process ended, or said nothing, before it was ready; facts: ``exit_code``."""

    code = "ENROLL-11"


class AddressTaken(ProcessTrouble):
    """Another program listens there; facts: ``port``."""

    code = "ENROLL-12"


class AddressUnusable(ProcessTrouble):
    """The address cannot be listened at; facts: ``host``, ``port``, ``reason``: ``unknown`` (no
    such name), ``elsewhere`` (none of this machine's) or ``forbidden`` (not for this user)."""

    code = "ENROLL-24"


class KeyFileUnsafe(ProcessTrouble):
    """The key file cannot be used; facts: ``file`` (its name), ``reason``: ``missing``,
    ``unreadable``, ``malformed`` or ``open_to_others``."""

    code = "ENROLL-13"


class PublicUrlUnusable(ProcessTrouble):
    """Not an https address (http only on loopback), with query or fragment, or below the path
    of the desks' side."""

    code = "ENROLL-14"


class CertificateFileUnusable(ProcessTrouble):
    """A PEM file that the service was given cannot be read; facts: ``file`` (its name)."""

    code = "ENROLL-20"


class MailboxAddressUnusable(ProcessTrouble):
    """The address names no database that may be used; facts: ``reason``: ``address``,
    ``scheme`` (not postgresql://), ``password`` (it belongs into libpq's password file),
    ``database``, ``host``, ``sslmode`` (another machine is reached by TLS with its name
    checked), or ``pooler`` (somebody between who keeps a connection's settings to himself: with
    them goes what makes a commit last)."""

    code = "ENROLL-22"


class ProcessesNeedServer(ProcessTrouble):
    """Several processes are wanted on a file, or on a system where a service is one process."""

    code = "ENROLL-23"

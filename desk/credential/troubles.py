"""The family of troubles of ``desk.credential``; each has its words in
``resources/troubles/credential.toml``.

CredentialTrouble                    CRED-00
├── ProfileBroken                    CRED-01   the claim profile file can't be used
├── ValueUnfit                       CRED-02   a value for a claim is missing or has the wrong form
├── PortraitUnusable                 CRED-03   the picture can't become a credential portrait
├── SignerTrouble                    CRED-10
│   ├── SignerUnfit                  CRED-11   certificate breaks the document signer profile
│   ├── SignerExpired                CRED-12   certificate has run out
│   ├── SignerNotYetValid            CRED-13   the clock stands before the certificate
│   └── SignatureRefused             CRED-14   the card's signature doesn't fit the certificate
├── VerificationFailed               CRED-20
│   ├── Malformed                    CRED-21   bytes don't have the form of the standard
│   ├── SignatureNotGenuine          CRED-22
│   ├── ContentAltered               CRED-23   a digest differs
│   ├── IssuerUnknown                CRED-24   no chain to an anchor
│   ├── NotValidNow                  CRED-25   outside of its validity
│   └── WrongType                    CRED-26   another document type, vct or namespace
├── ProofRefused                     CRED-30   OpenID4VCI key proof
│   └── NonceStale                   CRED-31
├── PresentationRefused              CRED-40   OpenID4VP answer
│   ├── PresentationDeclined         CRED-41   the phone answered with an error
│   ├── HolderNotProven              CRED-42   device signature or key binding is wrong
│   ├── OtherRequest                 CRED-43   nonce, state or audience of another request
│   ├── ClaimsMissing                CRED-44   fewer claims than asked
│   └── Undecryptable                CRED-45   not encrypted to this request's key
├── RequestRefused                   CRED-46   the request object a phone got is not genuine
└── StatusTrouble                    CRED-50
    ├── StatusListRefused            CRED-51   token not genuine, expired, of another address
    └── StatusUnknown                CRED-52   index outside of the list
"""

from __future__ import annotations

from desk.trouble import Trouble


class CredentialTrouble(Trouble):
    """Something is wrong with a credential, its signer, its holder or its status."""

    code = "CRED-00"


class ProfileBroken(CredentialTrouble):
    """``resources/claims.toml`` can't be used; facts: ``item``, ``reason``."""

    code = "CRED-01"


class ValueUnfit(CredentialTrouble):
    """A value is missing or has the wrong form; facts: ``item`` (its name), ``reason``."""

    code = "CRED-02"


class PortraitUnusable(CredentialTrouble):
    """A picture can't be decoded or is too small; facts: ``reason``."""

    code = "CRED-03"


class SignerTrouble(CredentialTrouble):
    """The signing card or its certificate can't be used."""

    code = "CRED-10"


class SignerUnfit(SignerTrouble):
    """The certificate breaks the document signer profile; facts: ``reason``."""

    code = "CRED-11"


class SignerExpired(SignerTrouble):
    """The certificate has run out; facts: ``until`` (ISO date)."""

    code = "CRED-12"


class SignerNotYetValid(SignerTrouble):
    """The clock stands before the certificate's beginning; facts: ``since`` (ISO date)."""

    code = "CRED-13"


class SignatureRefused(SignerTrouble):
    """The signature returned doesn't verify under the signer's certificate."""

    code = "CRED-14"


class VerificationFailed(CredentialTrouble):
    """A credential, a token or a chain didn't verify; facts: ``reason``."""

    code = "CRED-20"


class Malformed(VerificationFailed):
    """The bytes don't have the form the standard demands."""

    code = "CRED-21"


class SignatureNotGenuine(VerificationFailed):
    """A signature doesn't verify."""

    code = "CRED-22"


class ContentAltered(VerificationFailed):
    """An item's digest isn't the signed one; facts: ``item`` (element name)."""

    code = "CRED-23"


class IssuerUnknown(VerificationFailed):
    """The certificate chain ends at no trusted anchor."""

    code = "CRED-24"


class NotValidNow(VerificationFailed):
    """The credential or certificate isn't valid at this time; facts: ``since``, ``until``."""

    code = "CRED-25"


class WrongType(VerificationFailed):
    """Genuine, but not the type of document asked for."""

    code = "CRED-26"


class ProofRefused(CredentialTrouble):
    """A key proof breaks OpenID4VCI 1.0, appendix F; facts: ``reason``."""

    code = "CRED-30"


class NonceStale(ProofRefused):
    """The proof carries another nonce: the wallet must fetch a new one."""

    code = "CRED-31"


class PresentationRefused(CredentialTrouble):
    """A phone's answer to the check breaks OpenID4VP 1.0; facts: ``reason``."""

    code = "CRED-40"


class PresentationDeclined(PresentationRefused):
    """The phone answered with an error of its own; facts: ``error``."""

    code = "CRED-41"


class HolderNotProven(PresentationRefused):
    """The device signature or the key-binding JWT doesn't verify."""

    code = "CRED-42"


class OtherRequest(PresentationRefused):
    """The answer belongs to another request (nonce, state, audience)."""

    code = "CRED-43"


class ClaimsMissing(PresentationRefused):
    """The phone showed fewer claims than the check asks; facts: ``item``."""

    code = "CRED-44"


class Undecryptable(PresentationRefused):
    """The answer doesn't open with this request's key."""

    code = "CRED-45"


class RequestRefused(CredentialTrouble):
    """Holder side: the request object isn't genuine or can't be answered."""

    code = "CRED-46"


class StatusTrouble(CredentialTrouble):
    """A status list can't be used."""

    code = "CRED-50"


class StatusListRefused(StatusTrouble):
    """The status list token isn't genuine, has run out or names another address."""

    code = "CRED-51"


class StatusUnknown(StatusTrouble):
    """The index lies outside of the list."""

    code = "CRED-52"

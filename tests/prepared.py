"""A credential prepared for a test, by the two steps in which the counter prepares one."""

from __future__ import annotations

from desk.credential import mdoc, sdjwt
from desk.credential.claims import ClaimProfile, CredentialValues, Format
from desk.credential.intent import Prepared, Said
from desk.credential.keys import DeviceKey
from desk.credential.signer import Issuer
from desk.credential.terms import StatusReference, Terms, Validity


def prepare(
    fmt: Format,
    profile: ClaimProfile,
    values: CredentialValues,
    *,
    key: DeviceKey,
    issuer: Issuer,
    validity: Validity,
    status: StatusReference | None,
    issuer_uri: str = "",
) -> Prepared:
    """What is said, then for whose key; raises what either step raises."""
    return Said(fmt, profile, values).prepare(
        key=key, issuer=issuer, validity=validity, status=status, issuer_uri=issuer_uri
    )


def prepare_unchecked(
    fmt: Format, profile: ClaimProfile, values: CredentialValues, terms: Terms
) -> Prepared:
    """The same without asking whether the signer is fit: some tests need one that is not."""
    say = mdoc.say if fmt is Format.MDOC else sdjwt.say
    return say(profile, values).prepared(terms)

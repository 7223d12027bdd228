"""What is stored before a card signs, and found again after a crash.

An intent is the prepared credential as bytes. It holds personal data and belongs in
the encrypted store only. Signing what ``restore`` returns signs the very same bytes as
before; keeping at most one live intent per case is left to ``issuance``.
"""

from __future__ import annotations

from desk.credential import cbor, mdoc, sdjwt
from desk.credential.claims import ClaimProfile, CredentialValues, Format
from desk.credential.keys import DeviceKey
from desk.credential.mdoc import PreparedMdoc
from desk.credential.profile import check_fit
from desk.credential.sdjwt import PreparedSdJwt
from desk.credential.signer import Issuer
from desk.credential.terms import StatusReference, Terms, Validity
from desk.credential.troubles import Malformed

Prepared = PreparedMdoc | PreparedSdJwt


def restore(data: bytes) -> Prepared:
    """The prepared credential of either format; raises ``Malformed``."""
    intent = cbor.decode(data)
    fmt = intent.get("format") if isinstance(intent, dict) else None
    if fmt == Format.MDOC:
        return PreparedMdoc.from_bytes(data)
    if fmt == Format.SD_JWT:
        return PreparedSdJwt.from_bytes(data)
    raise Malformed(reason="intent of no known format")


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
    """``mdoc.prepare`` or ``sdjwt.prepare``, by format.

    Raises ``ValueUnfit``, and ``SignerUnfit`` for a certificate whose signature no
    verifier would accept; ``Validity.of`` has looked at its times.
    """
    check_fit(issuer.certificate_chain, values.issuing_country)
    terms = Terms(key, issuer, validity, status, issuer_uri)
    if fmt is Format.MDOC:
        return mdoc.prepare(profile, values, terms)
    return sdjwt.prepare(profile, values, terms)

"""What is stored before a card signs, and found again after a crash.

Preparing has two steps: what is said (``Said``), and for whose key (``Said.prepare``). The
first is pure and can be done before the phone comes.

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


class Said:
    """What one credential says, made while its phone is still awaited; holds personal data.

    It serves one credential alone: by their salts two of one make would be known as one
    person's to everybody who sees both.
    """

    def __init__(self, fmt: Format, profile: ClaimProfile, values: CredentialValues) -> None:
        """Raises ``ValueUnfit``."""
        say = mdoc.say if fmt is Format.MDOC else sdjwt.say
        self._country = values.issuing_country
        self._unused = [say(profile, values)]

    def prepare(
        self,
        *,
        key: DeviceKey,
        issuer: Issuer,
        validity: Validity,
        status: StatusReference | None,
        issuer_uri: str = "",
    ) -> Prepared:
        """The credential for one phone key; the second time raises ``ValueError``.

        Raises ``SignerUnfit`` for a certificate whose signature no verifier would accept;
        ``Validity.of`` has looked at its times.
        """
        check_fit(issuer.certificate_chain, self._country)
        if not self._unused:
            raise ValueError("said to another key already")
        said = self._unused.pop()
        return said.prepared(Terms(key, issuer, validity, status, issuer_uri))

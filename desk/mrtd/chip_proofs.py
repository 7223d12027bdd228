"""Findings about what the chip proved of itself: that it is the issuer's and no copy.

A proof counts only once passive authentication has bound its key: the signed hash of the
file that holds the key fits, the signature is genuine and its signer one of a trusted
country. Until then a proof that succeeds is undecided, for a forger's own key would have
succeeded as well. What contradicts itself has failed whoever signed it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from desk.iso7816.status import StatusWord, right_length
from desk.mrtd import active_authentication as active
from desk.mrtd import lds, passive, signatures
from desk.mrtd.anchors import AnchorSet
from desk.mrtd.certificates import Certificate
from desk.mrtd.chip_authentication import Attempt
from desk.mrtd.pace_steps import MappingProof, ProofWrong
from desk.mrtd.passive import PassiveResult
from desk.mrtd.results import Check, Fact, Finding, Group, Result
from desk.mrtd.signatures import SignatureWrong, Unsupported
from desk.mrtd.troubles import FileMalformed

_LENGTH = {
    StatusWord.WRONG_LENGTH,
    StatusWord.CHAINING_EXPECTED,
    StatusWord.CHAINING_NOT_SUPPORTED,
}
_SESSION_LOST = {StatusWord.SM_OBJECTS_MISSING, StatusWord.SM_OBJECTS_INCORRECT}
"""No answer about the key: a chip short of power loses its session over the reckoning."""


def active_authentication(
    files: Mapping[str, bytes], answer: active.Answer | None, content: PassiveResult
) -> Finding:
    """Whether the chip signed the challenge with the key in DG15.

    ``files`` are whole files by name, ``answer`` what the chip answered (None: it was not
    asked), ``content`` the result of passive authentication over the same files.
    """
    check = Check.ACTIVE_AUTHENTICATION
    if "DG15" not in files and not _signed(content, 15):
        return _chip("AA-03", Result.NOT_SUPPORTED, check)
    if answer is None or "DG15" not in files:
        return _chip("AA-02", Result.NOT_DONE, check)
    if answer.sw != StatusWord.OK:
        return _REFUSED_SIGNATURE.finding(answer.sw)
    try:
        key = lds.parse_dg15(files["DG15"])
        algorithm = active.verify(key, answer, _stated_hash(files))
    except FileMalformed:
        return _chip("AA-04", Result.UNDECIDED, check, reason="DG15")
    except Unsupported as error:
        return _chip("AA-04", Result.UNDECIDED, check, reason=error.reason)
    except SignatureWrong:
        return _chip("AA-05", Result.FAILED, check)
    if not content.vouches_for(15):
        return _chip("AA-08", Result.UNDECIDED, check, algorithm=algorithm)
    return _chip("AA-01", Result.PASSED, check, algorithm=algorithm)


def chip_authentication(
    files: Mapping[str, bytes], attempt: Attempt | None, content: PassiveResult
) -> Finding:
    """Whether the chip showed that it knows the private key to its key in DG14.

    ``attempt`` is how far it came (None: it was not tried); the others as above.
    """
    check = Check.CHIP_AUTHENTICATION
    if "DG14" not in files:
        return _without_dg14(content)
    try:
        infos = lds.parse_dg14(files["DG14"])
    except FileMalformed:
        return _chip("CA-04", Result.UNDECIDED, check)
    if not infos.offers_chip_authentication:
        return _chip("CA-03", Result.NOT_SUPPORTED, check)
    if attempt is None:
        return _chip("CA-02", Result.NOT_DONE, check)
    if attempt.reason:
        return _chip("CA-07", Result.UNDECIDED, check, reason=attempt.reason)
    if attempt.sw != StatusWord.OK:
        return _REFUSED_AGREEMENT.finding(attempt.sw)
    if not attempt.is_confirmed:
        return _chip("CA-05", Result.FAILED, check, algorithm=attempt.algorithm)
    if attempt.key not in infos.chip_keys or not content.vouches_for(14):
        return _chip("CA-08", Result.UNDECIDED, check, algorithm=attempt.algorithm)
    return _chip("CA-01", Result.PASSED, check, algorithm=attempt.algorithm)


def chip_authentication_mapping(
    card_security: bytes | None,
    proofs: Sequence[MappingProof],
    content: PassiveResult,
    trust: AnchorSet,
    at: datetime,
) -> Finding | None:
    """Whether PACE itself proved the chip, by the key in EF.CardSecurity (clause 4.4.3.5).

    ``proofs`` has one for each session of the reading, and every one must hold: the data may
    have come in any. None where PACE was done without that mapping. ``card_security`` is
    the whole file (None: the chip did not give it), judged by its own signature and signer,
    which must be of the state that signed the rest.
    """
    if not proofs:
        return None
    check = Check.CHIP_AUTHENTICATION
    if card_security is None:
        return _chip("CA-14", Result.UNDECIDED, check, reason="EF.CardSecurity")
    try:
        message, infos = lds.parse_card_security(card_security)
        for proof in proofs:
            proof.verify(infos)
    except FileMalformed:
        return _chip("CA-14", Result.UNDECIDED, check, reason="EF.CardSecurity")
    except Unsupported as error:
        return _chip("CA-14", Result.UNDECIDED, check, reason=error.reason)
    except ProofWrong:
        return _chip("CA-12", Result.FAILED, check)
    source = passive.signed_by(message, trust, at)
    if source.of(Check.SOD_SIGNATURE) is Result.FAILED:
        return _chip("CA-15", Result.FAILED, check)
    if not source.is_genuine or not _same_state(source.signer, content.signer):
        return _chip("CA-13", Result.UNDECIDED, check)
    return _chip("CA-11", Result.PASSED, check, algorithm=proofs[0].domain.label)


def mapping_holds(card_security: bytes | None, proofs: Sequence[MappingProof]) -> bool:
    """Whether every one of ``proofs`` fits a key in EF.CardSecurity, whoever signed that.

    It tells whether the chip need still be asked another way, never that it is genuine.
    """
    try:
        _, infos = lds.parse_card_security(card_security or b"")
        for proof in proofs:
            proof.verify(infos)
    except (FileMalformed, Unsupported, ProofWrong):
        return False
    return bool(proofs)


def _same_state(left: Certificate | None, right: Certificate | None) -> bool:
    if left is None or right is None:
        return False
    return left.issuer.country.upper() == right.issuer.country.upper()


def _without_dg14(content: PassiveResult) -> Finding:
    """A signed DG14 that nobody has seen may offer chip authentication, or not."""
    check = Check.CHIP_AUTHENTICATION
    if _signed(content, 14):
        return _chip("CA-09", Result.NOT_DONE, check)
    return _chip("CA-03", Result.NOT_SUPPORTED, check)


@dataclass(frozen=True)
class _Refusal:
    """The codes of one check for a proof that did not come about, and why."""

    check: Check
    session_lost: str
    length: str
    refused: str

    def finding(self, sw: int) -> Finding:
        facts: dict[str, Fact] = {"sw": f"{sw:04X}"}
        if sw in _SESSION_LOST:
            return _chip(self.session_lost, Result.UNDECIDED, self.check)
        if _is_about_length(sw):
            return _chip(self.length, Result.UNDECIDED, self.check, **facts)
        return _chip(self.refused, Result.FAILED, self.check, **facts)


_REFUSED_SIGNATURE = _Refusal(Check.ACTIVE_AUTHENTICATION, "AA-09", "AA-07", "AA-06")
_REFUSED_AGREEMENT = _Refusal(Check.CHIP_AUTHENTICATION, "CA-16", "CA-10", "CA-06")


def _is_about_length(sw: int) -> bool:
    """A length or chain that reader and chip cannot agree on is no refusal of the proof."""
    return sw in _LENGTH or right_length(sw) is not None


def _stated_hash(files: Mapping[str, bytes]) -> str:
    """The hash that DG14 names for ECDSA keys, empty where it names none that is known."""
    try:
        stated = lds.parse_dg14(files["DG14"]).active_authentication
        if stated is None:
            return ""
        return signatures.scheme_of_der(stated.identifier).hash
    except (KeyError, FileMalformed, Unsupported):
        return ""


def _signed(content: PassiveResult, group: int) -> bool:
    return content.signed is not None and group in content.signed.by_group


def _chip(code: str, result: Result, check: Check, **facts: Fact) -> Finding:
    return Finding(code, result, Group.CHIP, check, facts)

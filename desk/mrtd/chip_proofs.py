"""Findings about what the chip proved of itself: that it is the issuer's and no copy.

A proof counts only once passive authentication has bound its key: the signed hash of the
file that holds the key fits, the signature is genuine and its signer one of a trusted
country. Until then a proof that succeeds is undecided, for a forger's own key would have
succeeded as well. What contradicts itself has failed whoever signed it.
"""

from __future__ import annotations

from collections.abc import Mapping

from desk.iso7816.status import StatusWord, right_length
from desk.mrtd import active_authentication as active
from desk.mrtd import lds, signatures
from desk.mrtd.passive import PassiveResult
from desk.mrtd.results import Check, Fact, Finding, Group, Result
from desk.mrtd.signatures import SignatureWrong, Unsupported
from desk.mrtd.troubles import FileMalformed


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
        return _refused_signature(answer.sw)
    try:
        key = lds.parse_dg15(files["DG15"])
        algorithm = active.verify(key, answer, _stated_hash(files))
    except FileMalformed:
        return _chip("AA-04", Result.UNDECIDED, check, reason="DG15")
    except Unsupported as error:
        return _chip("AA-04", Result.UNDECIDED, check, reason=error.reason)
    except SignatureWrong:
        return _chip("AA-05", Result.FAILED, check)
    if not bound(content, 15):
        return _chip("AA-08", Result.UNDECIDED, check, algorithm=algorithm)
    return _chip("AA-01", Result.PASSED, check, algorithm=algorithm)


def bound(content: PassiveResult, group: int) -> bool:
    """Whether the issuer vouches for data group ``group``, and with it for a key therein."""
    required = (
        content.of(Check.SOD_SIGNATURE),
        content.of(Check.SIGNER_CHAIN),
        content.data_groups.get(group),
    )
    revoked = content.of(Check.REVOCATION) is Result.FAILED
    return all(result is Result.PASSED for result in required) and not revoked


def _refused_signature(sw: int) -> Finding:
    """A length that reader and chip cannot agree on is no refusal of the proof."""
    check, facts = Check.ACTIVE_AUTHENTICATION, {"sw": f"{sw:04X}"}
    if sw == StatusWord.WRONG_LENGTH or right_length(sw) is not None:
        return _chip("AA-07", Result.UNDECIDED, check, **facts)
    return _chip("AA-06", Result.FAILED, check, **facts)


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

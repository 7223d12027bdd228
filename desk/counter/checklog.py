"""The check log of a case: composed from the record whenever what is known has changed."""

from __future__ import annotations

from datetime import datetime

from desk.counter import holder
from desk.issuance.case import Case
from desk.mrtd import check_log
from desk.mrtd.check_log import Checked
from desk.mrtd.results import Result
from desk.store.cases import BlobKind
from desk.words import TroubleWords


def entry(case: Case, at: datetime) -> tuple[BlobKind, str, bytes]:
    """What is known now as it is kept beside the case: kind, media type and the log itself."""
    log = check_log.compose(_checked(case), TroubleWords(), at)
    return BlobKind.CHECK_LOG, check_log.MEDIA_TYPE, check_log.encode(log)


def _checked(case: Case) -> Checked:
    document = case.document
    if document is None:
        return Checked(Result.NOT_DONE, holder.findings(case), case=case.number)
    return Checked(
        overall=document.overall,
        findings=(*document.findings, *holder.findings(case)),
        document_code=document.document_code,
        issuer=document.issuing_state,
        session=check_log.Session(
            read_at=document.read_at,
            seconds=document.seconds,
            access=document.access,
            protocols=document.protocols,
            files=document.files,
            commands=document.commands,
            sent=document.sent,
            received=document.received,
        ),
        case=case.number,
    )

"""What nobody looks at any more is ended, and what ended long ago is forgotten.

An offer ends by itself when somebody looks at it after its time; a delivered one is often
never looked at again, and keeps its PIN hash or its ciphertext until it ends. So the service
looks once a minute, at one offer after another, between the requests that it answers.
"""

from __future__ import annotations

import asyncio
import logging

from desk.enrollment.service import Service
from desk.enrollment.trouble import MailboxTrouble

log = logging.getLogger("desk.enrollment")

SWEEP_SECONDS = 60.0
_AT_A_LOOK = 100


async def sweep(service: Service, seconds: float = SWEEP_SECONDS) -> None:
    """Until cancelled. What hinders it now is tried again next time."""
    while True:
        try:
            await sweep_once(service)
        except MailboxTrouble as trouble:
            log.warning("sweep: %s", trouble.code)
        await asyncio.sleep(seconds)


async def sweep_once(service: Service) -> None:
    """End all that is due; raises MailboxTrouble."""
    mailbox = service.mailbox
    ended = True
    while ended:
        ended = False
        for offer_id in await service.run_now(mailbox.due, service.now(), _AT_A_LOOK):
            ended |= await service.run_now(mailbox.end_if_due, offer_id, service.now())
            # A file's steps are done here and now: whoever waits comes between.
            await asyncio.sleep(0)
    await service.run_now(mailbox.forget, service.now())

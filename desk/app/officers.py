"""`desk records import-officers`: the ministry's list put in place, before any records open.

Whoever signs in is looked up in this list, so it comes in without a sign-in: the list's own
signature says that it is the ministry's. The audit log tells of it when the records are
opened next.
"""

from __future__ import annotations

import argparse
import json
import sys

from desk.app.compose import list_source, utc_now
from desk.app.home import Home
from desk.counter import officer_list
from desk.counter.officer_list import Taken
from desk.counter.settings import load_settings
from desk.store.journal import Stamp
from desk.store.waiting import WaitingEvent, WaitingEvents


def import_officers(home: Home, args: argparse.Namespace) -> int:
    """The command. Raises the troubles of lists."""
    place = home.training if args.training else home
    settings = load_settings(place.settings)
    post = settings.station.post
    taken = officer_list.take(args.file, list_source(place, settings, utc_now), post)
    if not taken.was_there:
        _log(place, taken)
    told = json.dumps(_facts(taken, post)) if args.json else _text(taken, post)
    sys.stdout.write(told + "\n")
    return 0


def _log(place: Home, taken: Taken) -> None:
    """The records are closed: the log has it when somebody's card opens them next."""
    facts = officer_list.event_facts(taken)
    stamp = Stamp(utc_now(), "command:import-officers")
    WaitingEvents(place.folder).add(WaitingEvent(stamp, "OFFICERS.LIST_TAKEN", facts))


def _facts(taken: Taken, post: str) -> dict[str, object]:
    found = taken.list
    return {
        "number": found.number,
        "replaced": taken.before.number if taken.before and not taken.was_there else None,
        "changed": not taken.was_there,
        "officers": len(found.of_post(post)),
        "post": post,
        "issued": found.issued.isoformat(),
        "valid_until": found.valid_until.isoformat(),
        "sha256": found.sha256,
    }


def _text(taken: Taken, post: str) -> str:
    found = taken.list
    where = "was in place already" if taken.was_there else "is in place"
    people = len(found.of_post(post))
    until = found.valid_until.date().isoformat()
    return f"List {found.number} {where}: {people} of {post}, until {until}"

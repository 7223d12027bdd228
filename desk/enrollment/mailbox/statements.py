"""The mailbox's statements, built once: building them anew costs more than running them.

Those that begin with LOCK keep everybody else from the offer until the step ends: row locks
of a server, of which a file needs none. The offer always comes before its requests.
"""

from __future__ import annotations

import sqlalchemy as sa

# Both databases speak this form of «insert where there is none», and SQLAlchemy writes it
# for both from either dialect's construct.
from sqlalchemy.dialects.postgresql import insert

from desk.enrollment.mailbox.tables import (
    answers_table,
    checks_table,
    events_table,
    heard_table,
    nonces_table,
    offers_table,
    requests_table,
    status_table,
)
from desk.enrollment.mailbox.told import told
from desk.enrollment.records import OfferState, RequestState

_key: sa.BindParameter[str] = sa.bindparam("key")
_offers, _requests = offers_table.c, requests_table.c

OFFER_BY_ID = sa.select(offers_table).where(_offers.offer_id == _key)
OFFER_BY_HANDLE = sa.select(offers_table).where(_offers.handle_hash == _key)
LOCK_OFFER = OFFER_BY_ID.with_for_update()
LOCK_OFFER_BY_HANDLE = OFFER_BY_HANDLE.with_for_update()
LOCK_OFFER_BY_CODE = sa.select(offers_table).where(_offers.code_hash == _key).with_for_update()
OFFER_BY_TOKEN = sa.select(offers_table).where(_offers.token_hash == _key)
OFFERS_BEING_TRIED = sa.select(offers_table).where(_offers.tries_reserved > 0)
SET_OFFER = sa.update(offers_table).where(_offers.offer_id == _key)
NEW_OFFER = insert(offers_table).on_conflict_do_nothing()

_events = events_table.c
_next_seq = (
    sa.select(sa.func.coalesce(sa.func.max(_events.seq), 0) + 1)
    .where(_events.offer_id == _key)
    .scalar_subquery()
)
NEW_EVENT = sa.insert(events_table).values(seq=_next_seq).returning(told(_events.offer_id))
EVENTS_AFTER = (
    sa.select(events_table)
    .where(_events.offer_id == _key, _events.seq > sa.bindparam("after"))
    .order_by(_events.seq)
)

REQUEST_BY_ID = sa.select(requests_table).where(_requests.request_id == _key)
LOCK_REQUEST = REQUEST_BY_ID.join(
    offers_table, _requests.offer_id == _offers.offer_id
).with_for_update(of=[offers_table, requests_table])
REQUESTS_OF_OFFER = (
    sa.select(requests_table).where(_requests.offer_id == _key).order_by(_requests.received_at)
)
WAITING_OF_OFFER = REQUESTS_OF_OFFER.where(_requests.state == RequestState.WAITING)
# Without what is long in them.
HEADS_OF_REQUESTS = sa.select(
    _requests.request_id, _requests.configuration, _requests.state, _requests.reported
).where(_requests.offer_id == _key)
REQUESTS_WAITING = (
    sa.select(sa.func.count().label("length"), sa.func.min(_requests.received_at).label("oldest"))
    .join_from(requests_table, offers_table, _requests.offer_id == _offers.offer_id)
    .where(
        _requests.state == RequestState.WAITING,
        _offers.state == OfferState.CLAIMED,
        _offers.token_expires_at > sa.bindparam("now"),
    )
)
SET_REQUEST = sa.update(requests_table).where(_requests.request_id == _key)
DECIDE_REQUEST = SET_REQUEST.returning(told(_requests.offer_id))
ANSWER_OF_REQUEST = sa.select(answers_table.c.sealed).where(answers_table.c.request_id == _key)
NEW_ANSWER = sa.insert(answers_table)
WIPE_ANSWER = sa.delete(answers_table).where(answers_table.c.request_id == _key)
WIPE_ANSWERS = sa.delete(answers_table).where(
    answers_table.c.request_id.in_(
        sa.select(_requests.request_id).where(_requests.offer_id == _key).scalar_subquery()
    )
)
DENY_UNSERVED = (
    sa.update(requests_table)
    .where(
        _requests.offer_id == _key,
        (_requests.state == RequestState.WAITING) | (_requests.state == RequestState.ANSWERED),
    )
    .values(state=RequestState.DENIED)
)
NEW_REQUEST = sa.insert(requests_table)

NONCE_USES = sa.select(nonces_table).where(nonces_table.c.nonce_hash == _key)
NEW_NONCE_USE = sa.insert(nonces_table)
FIRST_USE = insert(nonces_table).on_conflict_do_nothing()
HEARD_BY = sa.select(heard_table).where(heard_table.c.number == _key)
FIRST_HEARD = insert(heard_table).on_conflict_do_nothing()

CHECK_BY_ID = sa.select(checks_table).where(checks_table.c.check_id == _key)
NEW_CHECK = insert(checks_table).on_conflict_do_nothing()
ANSWER_CHECK = (
    sa.update(checks_table)
    .where(checks_table.c.check_id == _key, checks_table.c.response.is_(None))
    .returning(checks_table.c.check_id, told(checks_table.c.check_id))
)

STATUS_BY_NAME = sa.select(status_table).where(status_table.c.name == _key)
_new_status = insert(status_table)
SET_STATUS = _new_status.on_conflict_do_update(
    index_elements=["name"],
    set_={"jwt": _new_status.excluded.jwt, "cwt": _new_status.excluded.cwt},
)

_limit: sa.BindParameter[int] = sa.bindparam("limit")
_old_offers = sa.select(_offers.offer_id).where(_offers.ended_at < _limit).scalar_subquery()
FORGET_OLD = (
    sa.delete(events_table).where(events_table.c.offer_id.in_(_old_offers)),
    sa.delete(requests_table).where(_requests.offer_id.in_(_old_offers)),
    sa.delete(offers_table).where(_offers.ended_at < _limit),
    sa.delete(nonces_table).where(nonces_table.c.used_at < _limit),
    sa.delete(checks_table).where(checks_table.c.expires_at < _limit),
)
FORGET_HEARD = sa.delete(heard_table).where(heard_table.c.heard_at < _limit)

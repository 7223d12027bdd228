"""The mailbox's statements, built once: building them anew costs more than running them.

An offer is written by compare and swap: nothing happens unless it still bears the mark of the
state that the change follows from. What goes with it asks for its new mark.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

# Both databases speak this form of «insert where there is none», and SQLAlchemy writes it
# for both from either dialect's construct.
from sqlalchemy.dialects.postgresql import insert

from desk.enrollment.mailbox.tables import (
    answers_table,
    checks_table,
    goes_on,
    has_ended,
    heard_table,
    nonces_table,
    offers_table,
    status_table,
)
from desk.enrollment.mailbox.told import told

_key: sa.BindParameter[str] = sa.bindparam("key")
_now: sa.BindParameter[int] = sa.bindparam("now")
_limit: sa.BindParameter[int] = sa.bindparam("limit")
_until: sa.BindParameter[str] = sa.bindparam("until")
_offers, _answers = offers_table.c, answers_table.c

_document = sa.select(_offers.mark, _offers.document)
OFFER_BY_ID = _document.where(_offers.offer_id == _key)
OFFER_BY_HANDLE = _document.where(_offers.handle_hash == _key)
NEW_OFFER = insert(offers_table).on_conflict_do_nothing()
SWAP_OFFER = sa.update(offers_table).where(
    _offers.offer_id == _key, _offers.mark == sa.bindparam("former")
)
# What is returned is not read: a server tells others while it makes it.
SWAP_AND_TELL = SWAP_OFFER.returning(told(_offers.offer_id))
OFFERS_DUE = (
    sa.select(_offers.offer_id).where(goes_on, _offers.due_at <= _now).limit(sa.bindparam("limit"))
)
REQUESTS_WAITING = sa.select(
    sa.func.sum(_offers.waiting).label("length"),
    sa.func.min(_offers.waiting_since).label("oldest"),
).where(goes_on, _offers.due_at > _now)

# With an offer that was swapped in the same transaction.
_swapped = (_offers.offer_id == _key) & (_offers.mark == sa.bindparam("mark"))
_request: sa.BindParameter[str] = sa.bindparam("request", type_=sa.String)


def _insert(table: sa.Table, **values: sa.ColumnElement[Any]) -> sa.Insert:
    chosen = sa.select(*values.values()).where(_swapped)
    return sa.insert(table).from_select(list(values), chosen, include_defaults=False)


NEW_ANSWER = _insert(
    answers_table,
    request_id=_request,
    sealed=sa.bindparam("answer", type_=sa.LargeBinary),
)
WIPE_ANSWER = sa.delete(answers_table).where(
    _answers.request_id == _request, sa.exists().where(_swapped)
)
NEW_NONCE = _insert(
    nonces_table,
    timed_mark=sa.bindparam("nonce", type_=sa.String),
    used_by=_offers.offer_id,
)

ANSWER_OF_REQUEST = sa.select(_answers.sealed).where(_answers.request_id == _key)
NONCE = sa.select(nonces_table.c.used_by).where(nonces_table.c.timed_mark == _key)
FIRST_USE = insert(nonces_table).on_conflict_do_nothing()
HEARD_BY = sa.select(heard_table.c.heard_by).where(heard_table.c.timed_number == _key)
NEW_HEARD = sa.insert(heard_table)

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

FORGET_OLD = sa.delete(offers_table).where(has_ended, _offers.due_at <= _now)
FORGET_CHECKS = sa.delete(checks_table).where(checks_table.c.expires_at < _limit)
FORGET_USED = sa.delete(nonces_table).where(nonces_table.c.timed_mark < _until)
FORGET_HEARD = sa.delete(heard_table).where(heard_table.c.timed_number < _until)

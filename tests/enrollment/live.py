"""Generated requests made to reach something: a live offer, token, check or list in place of
the invented one, so that they are judged by what they say and not by what they lack."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from desk.credential.statuslist import Status
from tests.enrollment.counter import PIN, Counter
from tests.enrollment.steps import Steps
from tests.enrollment.test_presenting import ask

Fill = Callable[[Any], None]


class Live:
    """One desk and one phone at a running service, for schemathesis' cases."""

    def __init__(self, counter: Counter, web: httpx.Client) -> None:
        self._counter, self._web = counter, web
        counter.publish(Status.VALID)
        self._fills: dict[str, Fill] = {
            "offer": self._handle,
            "token": self._code,
            "credential": self._proof,
            "deferred": self._transaction,
            "notification": self._notification,
            "requestObject": self._check,
            "requestObjectByPost": self._check,
            "presentation": self._check,
            "statusList": lambda case: self._path(case, name="1"),
            "typeMetadata": lambda case: self._path(case, vct=counter.profile.vct),
            "voidOffer": self._offer,
            "events": self._offer,
            "answer": self._request,
            "denial": self._request,
            "checkAnswer": self._check,
        }

    def fill(self, operation: str, case: Any) -> None:
        self._fills.get(operation, lambda _case: None)(case)

    def steps(self) -> Steps:
        return Steps(self._web, self._counter, self._counter.place("mdoc"))

    def token(self) -> str:
        return self.steps().token()

    @staticmethod
    def _path(case: Any, **places: str) -> None:
        case.path_parameters = {**(case.path_parameters or {}), **places}

    def _handle(self, case: Any) -> None:
        self._path(case, handle=self.steps().handle)

    def _code(self, case: Any) -> None:
        case.body = {**case.body, "pre-authorized_code": self.steps().code(), "tx_code": PIN}

    def _proof(self, case: Any) -> None:
        steps = self.steps()
        self._bear(case, steps.token())
        if isinstance(case.body, dict):
            case.body = {**case.body, **steps.request_body()}

    def _transaction(self, case: Any) -> None:
        steps = self.steps()
        token = steps.token()
        self._bear(case, token)
        answer = steps.credential(token).json()
        if isinstance(case.body, dict):
            case.body = {**case.body, "transaction_id": answer["transaction_id"]}

    def _notification(self, case: Any) -> None:
        steps = self.steps()
        token = steps.token()
        steps.credential(token)
        self._counter.answer_all(steps.offer.offer_id)
        self._bear(case, token)
        told = steps.credential(token).json()["notification_id"]
        case.body = {**case.body, "notification_id": told}

    def _check(self, case: Any) -> None:
        _, check = ask(self._counter)
        self._path(case, check_id=check.check_id)

    def _offer(self, case: Any) -> None:
        self._path(case, offer_id=self.steps().offer.offer_id)

    def _request(self, case: Any) -> None:
        steps = self.steps()
        steps.credential()
        (request,) = self._counter.link.requests(steps.offer.offer_id)
        self._path(case, request_id=request.request_id)

    @staticmethod
    def _bear(case: Any, token: str) -> None:
        case.headers = {**(case.headers or {}), **Steps.bearer(token)}

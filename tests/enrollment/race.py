"""Two phones race for one QR: exactly one wins, and the loser is told.

    python -m tests.enrollment.race [--seeds 1000] [--first 0] [--database file|server|ADDRESS]

A seed says where the two stand when they are let go together (before the offer, the token,
the key, or one of them guessing PINs), which of them is a hair late, and the format. Without
``--database`` both kinds are raced: a file with one service process, and a PostgreSQL with two
processes, one a phone. Prints a table; ends with 1 where a race went wrong.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import sys
import tempfile
import threading
import time
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from desk.credential import jose
from desk.credential.proof import TYPE, verify_proofs
from desk.credential.signer import LocalKey
from desk.enrollment.keys import StationKey, make_key_file
from desk.enrollment.link import HttpLink
from desk.enrollment.process import ServiceOrder, ServiceProcess
from desk.issuance.ports import EventKind, Offer
from desk.training.authority import TrainingAuthority
from tests.enrollment.counter import PIN, WRONG_PIN, Counter, now
from tests.enrollment.steps import GRANT, offer_address
from tests.postgres import own_server

STAGES = ("offer", "token", "key", "guess")
"""What both ask for at the same moment; in «guess» the second one does not know the PIN."""
LATEST = 0.002
"""Seconds by which the later one may be late: about as long as an answer takes."""
PATIENCE = 30.0
TOLD = {
    "offer_used": "the offer is used",
    "used": "the code is used",
    "wrong_code": "the PIN is wrong",
    "credential_request_denied": "bound to another key",
}


class Racer:
    """One phone on a connection of its own, at one process of the service."""

    def __init__(self, name: str, url: str) -> None:
        parts = urlsplit(url)
        self.name = name
        self._line = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
        self.key = LocalKey.generate()

    def ask(
        self, method: str, path: str, body: bytes = b"", **headers: str
    ) -> tuple[int, dict[str, Any]]:
        told = {"User-Agent": f"racer {self.name}", **headers}
        self._line.request(method, path, body, told)
        answer = self._line.getresponse()
        return answer.status, json.loads(answer.read() or b"{}")

    def offer(self, offer: Offer) -> tuple[int, dict[str, Any]]:
        return self.ask("GET", urlsplit(offer_address(offer)).path)

    def token(self, code: str, pin: str = PIN) -> tuple[int, dict[str, Any]]:
        form = {"grant_type": GRANT, "pre-authorized_code": code, "tx_code": pin}
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", "/token", urlencode(form).encode(), **kind)

    def request(self, issuer: str, configuration: str) -> bytes:
        """A credential request for this phone's key, with a nonce of its own."""
        _, nonce = self.ask("POST", "/nonce")
        proof = jose.sign_compact(
            {"alg": "ES256", "typ": TYPE, "jwk": self.key.public.jwk()},
            {"aud": issuer, "iat": int(time.time()), "nonce": nonce["c_nonce"]},
            self.key,
        )
        body = {"credential_configuration_id": configuration, "proofs": {"jwt": [proof]}}
        return json.dumps(body).encode()

    def post(self, path: str, token: str, body: bytes) -> tuple[int, dict[str, Any]]:
        told = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        return self.ask("POST", path, body, **told)

    def close(self) -> None:
        self._line.close()


@dataclass
class Ran:
    """How one phone came out: what refused it, or its way to the credential."""

    refused: str = ""
    token: str = ""
    transaction: str = ""
    wrong_guesses: int = 0


@dataclass
class Track:
    """A desk and the addresses of its service's processes."""

    counter: Counter
    urls: Sequence[str]
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2, "racer"))

    def race(self, seed: int) -> Result:
        """One offer, two phones; what was wrong about it is in the result."""
        chance = random.Random(seed)
        stage, configuration = STAGES[seed % len(STAGES)], chance.choice(("mdoc", "sd-jwt"))
        heat = Heat(self.counter.place(configuration), configuration, stage, self.counter)
        racers = [Racer(str(n), self.urls[n % len(self.urls)]) for n in range(2)]
        late = [0.0, chance.random() * LATEST]
        chance.shuffle(late)
        try:
            ran = heat.run(racers, late, self.pool)
            return heat.judge(seed, racers, ran)
        finally:
            for racer in racers:
                racer.close()

    def close(self) -> None:
        self.pool.shutdown()


@dataclass(frozen=True)
class Result:
    seed: int
    stage: str
    winner: int | None
    told: str
    faults: tuple[str, ...]


class Heat:
    """One race."""

    def __init__(self, offer: Offer, configuration: str, stage: str, counter: Counter) -> None:
        self._offer, self._configuration, self._stage = offer, configuration, stage
        self._counter = counter
        self._barrier = threading.Barrier(2)
        self._shared = ""

    def run(self, racers: list[Racer], late: list[float], pool: ThreadPoolExecutor) -> list[Ran]:
        if self._stage == "key":
            # One token in two hands: a phone that was copied, or a thief on the line.
            code = self._code(racers[0].offer(self._offer)[1])
            self._shared = racers[0].token(code)[1]["access_token"]
        acts = [pool.submit(self._run_one, racers[n], late[n], n) for n in range(2)]
        return [act.result(PATIENCE) for act in acts]

    def _run_one(self, racer: Racer, late: float, number: int) -> Ran:
        ran = Ran()
        if self._stage == "key":
            ran.token = self._shared
            self._hand_in(racer, ran, late)
            return ran
        if self._stage == "offer":
            self._wait(late)
        status, body = racer.offer(self._offer)
        if status != http.client.OK:
            ran.refused = body["error"]
            return ran
        if self._stage != "offer":
            self._wait(late)
        self._redeem(racer, ran, self._code(body), number)
        if not ran.refused:
            self._hand_in(racer, ran, None)
        return ran

    def _wait(self, late: float) -> None:
        self._barrier.wait(PATIENCE)
        if late:
            time.sleep(late)

    def _redeem(self, racer: Racer, ran: Ran, code: str, number: int) -> None:
        guesses = (WRONG_PIN, WRONG_PIN) if self._stage == "guess" and number == 1 else (PIN,)
        for pin in guesses:
            status, body = racer.token(code, pin)
            ran.wrong_guesses += body.get("reason") == "wrong_code"
            ran.refused = str(body.get("reason", ""))
            ran.token = body.get("access_token", "") if status == http.client.OK else ""

    def _hand_in(self, racer: Racer, ran: Ran, late: float | None) -> None:
        body = racer.request(self._counter.link.issuer, self._configuration)
        if late is not None:
            self._wait(late)
        status, answer = racer.post("/credential", ran.token, body)
        ran.transaction = answer.get("transaction_id", "")
        ran.refused = "" if status == http.client.ACCEPTED else answer["error"]

    @staticmethod
    def _code(offer: dict[str, Any]) -> str:
        return str(offer["grants"][GRANT]["pre-authorized_code"])

    # Afterwards

    def judge(self, seed: int, racers: list[Racer], ran: list[Ran]) -> Result:
        faults: list[str] = []

        def must(holds: bool, what: str) -> None:
            if not holds:
                faults.append(what)

        winners = [n for n, one in enumerate(ran) if not one.refused]
        must(len(winners) == 1, f"{len(winners)} winners")
        told = [one.refused for one in ran if one.refused]
        must(all(word in TOLD for word in told), f"told {told}")
        if len(winners) == 1:
            self._follow(racers[winners[0]], ran[winners[0]], must)
        kinds = Tally(event.kind for event in self._counter.link.events(self._offer.offer_id, 0, 0))
        must(kinds[EventKind.CODE_RIGHT] == 1, f"{kinds[EventKind.CODE_RIGHT]} redemptions (I5)")
        must(kinds[EventKind.KEY_RECEIVED] == 1, f"{kinds[EventKind.KEY_RECEIVED]} keys (I5)")
        wrong = sum(one.wrong_guesses for one in ran)
        must(kinds[EventKind.CODE_WRONG] == wrong, f"{wrong} wrong guesses miscounted (I6)")
        must(self._stage == "key" or kinds[EventKind.FETCHED_AGAIN] > 0, "no alarm")
        winner = winners[0] if len(winners) == 1 else None
        return Result(seed, self._stage, winner, TOLD.get("".join(told), "?"), tuple(faults))

    def _follow(self, racer: Racer, ran: Ran, must: Callable[[bool, str], None]) -> None:
        """The desk finds one key, the winner's; the winner alone gets its credential."""
        link = self._counter.link
        requests = link.requests(self._offer.offer_id)
        must(len(requests) == 1, f"{len(requests)} requests at the desk")
        for request in requests:
            (key,) = verify_proofs(
                {request.proof_type: list(request.proofs)},
                audience=link.issuer,
                nonce=request.nonce,
                now=now(),
                most=1,
            )
            must(key.thumbprint == racer.key.public.thumbprint, "the loser's key at the desk (I4)")
            link.answer(request, self._counter.credentials(request))
        body = json.dumps({"transaction_id": ran.transaction}).encode()
        status, answer = racer.post("/deferred", ran.token, body)
        got = len(answer.get("credentials", ()))
        must(status == http.client.OK and got == 1, f"the winner got {got} credentials")


# Services


@contextmanager
def track(place: Path | str, processes: int, authority: TrainingAuthority) -> Iterator[Track]:
    """A desk and ``processes`` of a service at one database, all for the same issuer."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        key = make_key_file(folder / "station.key")
        urls: list[str] = []
        for number in range(processes):
            urls.append(stack.enter_context(_served(place, folder, number, urls)))
        link = stack.enter_context(HttpLink(urls[0], StationKey(key.secret)))
        made = Track(Counter(link, authority), urls)
        stack.callback(made.close)
        yield made


@contextmanager
def _served(place: Path | str, folder: Path, number: int, others: list[str]) -> Iterator[str]:
    order = ServiceOrder(
        place,
        folder / "station.key",
        folder / f"{number}.log",
        public_url=others[0] if others else "",
        extra=("--wait", "0"),
    )
    process = ServiceProcess(order)
    yield process.start()
    process.stop()


@contextmanager
def database(kind: str, folder: Path) -> Iterator[tuple[Path | str, int]]:
    """Where the mailbox is, and how many processes may share it."""
    if kind == "file":
        yield folder / "mailbox.sqlite", 1
    elif kind == "server":
        with own_server() as server:
            yield server.database().address, 2
    else:
        yield kind, 2


# The table


def table(kind: str, results: Sequence[Result], seconds: float) -> str:
    lines = [f"{kind}: {len(results)} races in {seconds:.1f} s"]
    lines.append("together at  races  first won  second won  the loser was told")
    for stage in STAGES:
        of_stage = [one for one in results if one.stage == stage]
        won = Tally(one.winner for one in of_stage)
        told = ", ".join(f"{n} {word}" for word, n in Tally(x.told for x in of_stage).items())
        lines.append(f"{stage:<11}  {len(of_stage):5}  {won[0]:9}  {won[1]:10}  {told}")
    lines += [f"seed {one.seed}: {'; '.join(one.faults)}" for one in results if one.faults]
    right = sum(not one.faults for one in results)
    return "\n".join([*lines, f"{right} of {len(results)} with exactly one winner", ""])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.enrollment.race")
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--database", help="file, server (one of its own) or postgresql://…")
    args = parser.parse_args(arguments)
    authority, wrong = TrainingAuthority.create(now()), 0
    for kind in [args.database] if args.database else ["file", "server"]:
        with (
            tempfile.TemporaryDirectory() as folder,
            database(kind, Path(folder)) as (place, processes),
            track(place, processes, authority) as made,
        ):
            started = time.monotonic()
            results = [made.race(args.first + n) for n in range(args.seeds)]
            sys.stdout.write(table(kind, results, time.monotonic() - started) + "\n")
        wrong += sum(bool(one.faults) for one in results)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

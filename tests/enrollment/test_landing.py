"""The page that a phone's own camera reaches: states, languages, and what it must not do."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import qrcode

from desk.enrollment import landing_page
from desk.enrollment.landing import _language, load_app
from desk.enrollment.landing_page import LandingView, PageState, Store, render
from desk.enrollment.languages import LANGUAGES
from desk.enrollment.trouble import MailboxAway
from desk.enrollment.wire import Refusal
from desk.issuance.ports import EventKind, Offer, OfferOrder, QrForm
from desk.issuance.posts import Contact, load_posts
from tests.enrollment.browser import Browser, program
from tests.enrollment.conftest import NewPhone
from tests.enrollment.counter import PIN, WRONG_PIN, Counter, now
from tests.enrollment.steps import Steps
from tests.enrollment.test_app import ISSUER, Inside

AXE = Path(__file__).parent / "node" / "node_modules" / "axe-core" / "axe.min.js"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
POSTS = load_posts()
CONTACT = Contact(phone="+1 213 555 0142", hours="24시간")
ENDS = datetime(2026, 11, 23, 18, 48, tzinfo=UTC)


def placed(counter: Counter, life: timedelta = timedelta(minutes=10)) -> Offer:
    """An offer whose QR opens the page."""
    order = OfferOrder(
        secrets.token_urlsafe(24), ("mdoc",), PIN, now() + life, QrForm.PAGE, post="LA"
    )
    return counter.link.place_offer(order)


def words(state: PageState, lang: str, key: str = "title") -> str:
    return landing_page._words().text(f"{state}.{key}", lang)


def view(state: PageState, lang: str, code: str = "LA", **changes: Any) -> LandingView:
    """A page as a post that has filled everything in shows it."""
    install = replace(
        load_app().here(lang, "US"), stores=(Store("App Store", "https://a.example"),)
    )
    values: dict[str, Any] = {
        "lang": lang,
        "state": state,
        "install": install,
        "wallet_link": "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fx%2Fo%2F1",
        "links": {one: f"?lang={one}" for one in LANGUAGES},
        "refresh_link": "?refresh=off",
        "refreshes": state in landing_page.REFRESHING,
        "ends_at": ENDS,
        "post": replace(POSTS.post(code), contact=CONTACT),
    }
    return LandingView(**(values | changes))


# What it says ---------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_open_offer_is_told_in_the_phones_language(
    counter: Counter, web: httpx.Client, lang: str
) -> None:
    offer = placed(counter)

    answer = web.get(offer.uri, headers={"Accept-Language": f"{lang};q=0.9,fr"})

    assert answer.status_code == 200
    assert words(PageState.OFFER, lang) in answer.text
    assert answer.headers["content-language"] == lang
    assert "openid-credential-offer://?credential_offer_uri=" in answer.text


def test_its_qr_keeps_the_size_that_screens_have_room_for(counter: Counter) -> None:
    """Version 9 at most, at 6 pixels a module and above, also at a ministry's long address."""
    issuer = "https://mobileid.overseas.example.kr/issue"
    text = placed(counter).uri.replace(counter.link.issuer, issuer)

    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M)
    code.add_data(text)
    code.make(fit=True)

    assert text.count(issuer) == 2
    assert code.version <= 9


def test_looking_at_the_page_is_no_look_at_the_offer(
    counter: Counter, web: httpx.Client, new_phone: NewPhone
) -> None:
    """A browser before the wallet, and one that refreshes beside it, raise no alarm."""
    offer = placed(counter)
    link = offer.uri

    web.get(link, headers={"User-Agent": "a browser"})
    new_phone().scan(link)
    web.get(link, headers={"User-Agent": "a browser"})

    assert counter.kinds(offer.offer_id) == [EventKind.FETCHED]


def test_a_used_offer_is_told_as_used(counter: Counter, web: httpx.Client) -> None:
    offer = placed(counter)
    Steps(web, counter, offer).token()

    answer = web.get(offer.uri, headers={"Accept-Language": "ko"})

    assert words(PageState.USED, "ko") in answer.text
    assert words(PageState.USED, "ko", "other_note") in answer.text
    assert "openid-credential-offer" not in answer.text


def test_an_old_offer_is_told_as_old(counter: Counter, web: httpx.Client) -> None:
    offer = placed(counter, life=timedelta(milliseconds=1))

    answer = web.get(offer.uri, headers={"Accept-Language": "vi"})

    assert words(PageState.EXPIRED, "vi") in answer.text
    assert "refresh" not in answer.headers


def test_an_offer_that_was_withdrawn_or_guessed_at_is_told_as_closed(
    counter: Counter, web: httpx.Client
) -> None:
    withdrawn, guessed = placed(counter), placed(counter)
    counter.link.void_offer(withdrawn.offer_id, "new_qr")
    steps = Steps(web, counter, guessed)
    code = steps.code()
    for _ in range(5):
        steps.token_request(pre_authorized_code=code, tx_code=WRONG_PIN)

    for offer in (withdrawn, guessed):
        answer = web.get(offer.uri, headers={"Accept-Language": "zh-CN,zh;q=0.9"})
        assert words(PageState.ENDED, "zh") in answer.text
        assert words(PageState.ENDED, "zh", "lead") in answer.text


@pytest.mark.parametrize(
    ("lang", "pin", "officer"),
    [
        ("ko", "비밀번호", "직원에게"),
        ("en", "wrong PIN", "tell the officer"),
        ("zh", "密码", "告知工作人员"),
        ("vi", "mã PIN", "báo cho nhân viên"),
    ],
)
def test_what_is_closed_may_have_been_guessed_at(lang: str, pin: str, officer: str) -> None:
    """After five wrong PINs the officer closed nothing, and the applicant should know."""
    said = words(PageState.ENDED, lang, "lead")

    assert pin in said and officer in said


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?credential_offer_uri=",
        "?credential_offer_uri=https%3A%2F%2Fevil.example%2Foffer%2F1",
        "?credential_offer_uri={issuer}/offer/unknown",
        "?credential_offer_uri={issuer}/offer/" + "x" * 5000,
        "?post=%3Cscript%3E&lang=%3Cscript%3E&credential_offer_uri=%3Cscript%3E",
    ],
)
def test_what_is_no_offer_of_this_service_opens_no_wallet(
    counter: Counter, web: httpx.Client, query: str
) -> None:
    issuer = counter.link.issuer

    answer = web.get(f"{issuer}/get{query.replace('{issuer}', issuer)}")

    assert answer.status_code == 404
    assert words(PageState.ENDED, "en") in answer.text
    assert "openid-credential-offer" not in answer.text
    assert "<script" not in answer.text and "evil.example/offer" not in answer.text


def _asked_too_often(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise Refusal("too_many_requests", "", status=429, headers={"Retry-After": "7"})

    monkeypatch.setattr(inside.service.limits, "admit_address", refuse)


def _database_away(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise MailboxAway

    monkeypatch.setattr(inside.mailbox, "look_at_offer", refuse)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("prevent", "status", "seconds"), [(_asked_too_often, 429, "7"), (_database_away, 503, "5")]
)
def test_who_cannot_be_told_now_is_told_to_ask_again(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lang: str,
    prevent: Callable[[Inside, pytest.MonkeyPatch], None],
    status: int,
    seconds: str,
) -> None:
    """In the phone's language, by a page as safe as the others that asks again by itself."""
    inside = Inside(tmp_path)
    query = {"credential_offer_uri": f"{ISSUER}/offer/x", "post": "LA"}
    headers = {"Accept-Language": lang}

    def asked(path: str = "/kr/get", **more: str) -> httpx.Response:
        return inside.call(lambda web: web.get(path, params=query | more, headers=headers))

    usual = asked()
    prevent(inside, monkeypatch)
    answer, still, of_machines = asked(), asked(refresh="off"), asked("/kr/offer/x")
    inside.service.close()

    assert answer.status_code == still.status_code == status
    assert words(PageState.BUSY, lang) in answer.text
    assert words(PageState.BUSY, lang, "kept") in answer.text
    assert "openid-credential-offer:" not in answer.text
    assert answer.headers["retry-after"] == seconds
    assert answer.headers["refresh"] == "60" and "refresh" not in still.headers
    same = ("content-security-policy", "cache-control", "referrer-policy", "vary")
    same += ("x-content-type-options", "content-language", "content-type")
    assert {name: answer.headers[name] for name in same} == {
        name: usual.headers[name] for name in same
    }
    again = re.search(r'class="button" href="([^"]+)"', answer.text)
    assert again is not None
    assert dict(httpx.URL(again[1].replace("&amp;", "&")).params) == query | {"lang": lang}
    if status == 429:
        assert of_machines.json()["error"] == "too_many_requests"


def test_it_sets_nothing_and_lets_nothing_in(counter: Counter, web: httpx.Client) -> None:
    answer = web.get(placed(counter).uri)

    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["refresh"] == "60"
    assert "set-cookie" not in answer.headers
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-") and "unsafe" not in policy


def test_refreshing_can_be_turned_off_and_the_language_keeps_it_so(
    counter: Counter, web: httpx.Client
) -> None:
    link = placed(counter).uri + "&lang=ko"
    off = re.search(r'\?[^"]*refresh=off[^"]*', web.get(link).text)
    assert off is not None

    answer = web.get(f"{counter.link.issuer}/get{off[0].replace('&amp;', '&')}")

    assert "refresh" not in answer.headers
    assert answer.text.count("refresh=off") == len(LANGUAGES)


@pytest.mark.parametrize(
    ("accepted", "lang"),
    [
        ("", "en"),
        ("fr-FR,fr", "en"),
        ("zh-Hant-TW,zh;q=0.9,en;q=0.8", "zh"),
        ("en;q=0.2,vi-VN;q=0.7", "vi"),
        ("ko;q=0,en", "en"),
        ("ko;q=much, vi;q=0.1", "vi"),
        (",;,=;q=,,", "en"),
    ],
)
def test_the_language_follows_the_phones_wishes(accepted: str, lang: str) -> None:
    assert _language(None, accepted) == lang
    assert _language("nonsense", accepted) == lang
    assert _language("ko", accepted) == "ko"


def test_times_are_written_for_the_post_and_for_korea() -> None:
    said = {lang: render(view(PageState.OFFER, lang)) for lang in LANGUAGES}

    assert "로스앤젤레스 11월 23일 10:48" in said["ko"] and "한국 11월 24일 03:48" in said["ko"]
    assert "Los Angeles, 23 Nov, 10:48" in said["en"] and "Korea, 24 Nov, 03:48" in said["en"]
    assert "11月23日 10:48" in said["zh"] and "韩国 11月24日 03:48" in said["zh"]
    assert "23/11 10:48" in said["vi"] and "Hàn Quốc 24/11 03:48" in said["vi"]


def test_a_country_without_a_store_gets_its_own_note_or_the_officer() -> None:
    app = load_app()

    assert app.here("ko", "CN").stores == ()
    assert words(PageState.OFFER, "ko", "title") in render(view(PageState.OFFER, "ko"))
    asked = render(view(PageState.OFFER, "zh", "CN", install=app.here("zh", "CN")))
    assert landing_page._words().text("install.counter", "zh") in asked


def test_no_number_that_nobody_answers_is_shown() -> None:
    bare = view(PageState.USED, "ko", post=replace(POSTS.post("LA"), contact=Contact()))

    assert "tel:" in render(view(PageState.USED, "ko"))
    assert "tel:" not in render(bare)


@pytest.mark.parametrize("state", PageState)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_stays_small_and_without_script(state: PageState, lang: str) -> None:
    page = render(view(state, lang, training=True))

    assert len(page.encode()) < 15_000
    assert "<script" not in page and "src=" not in page and "@import" not in page
    assert re.findall(r"https?://[^\"']+", page) in ([], ["https://a.example"])


# In a browser ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    path = program()
    if path is None:
        pytest.skip("no Chromium is installed")
    with Browser(path, tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture
def shown(browser: Browser, tmp_path: Path) -> Any:
    def show(state: PageState, lang: str, **settings: Any) -> Browser:
        page = tmp_path / f"{state}-{lang}.html"
        page.write_text(render(view(state, lang)), encoding="utf-8")
        browser.open(page.as_uri(), **settings)
        return browser

    return show


@pytest.mark.parametrize("state", PageState)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_axe_finds_nothing_against_wcag(shown: Any, state: PageState, lang: str) -> None:
    """axe-core, rules of WCAG 2.0 to 2.2, levels A and AA."""
    if not AXE.exists():
        pytest.skip("npm install was not run in tests/enrollment/node")
    browser = shown(state, lang)

    browser.run(AXE.read_text(encoding="utf-8") + ";0")
    found = browser.run(
        f"axe.run({{runOnly: {WCAG}}}).then(r => [r.violations.concat(r.incomplete)"
        ".map(v => v.id + ' ' + v.nodes.map(n => n.html).join(' ')), r.passes.length])"
    )

    assert found[0] == []
    assert found[1] > 10


@pytest.mark.parametrize("state", PageState)
@pytest.mark.parametrize(("width", "text"), [(320, 1.0), (390, 2.0)])
def test_nothing_runs_out_at_the_side(
    shown: Any, state: PageState, width: int, text: float
) -> None:
    """WCAG 1.4.10 and 1.4.4: 320 wide, and letters twice as large."""
    for lang in LANGUAGES:
        browser = shown(state, lang, width=width, text=text)

        wide = browser.run("document.documentElement.scrollWidth")

        assert wide <= width, lang


@pytest.mark.parametrize("state", PageState)
def test_targets_are_large_enough(shown: Any, state: PageState) -> None:
    """48 pixels, as the pictures ask; WCAG 2.5.8 asks 24."""
    browser = shown(state, "vi")

    heights = browser.run(
        "[...document.querySelectorAll('a')].map(a => a.getBoundingClientRect().height)"
    )

    assert heights and min(heights) >= 48


def test_the_served_page_loads_nothing_else(counter: Counter, browser: Browser) -> None:
    """The style sheet passes its own policy; no host but the service is asked, no cookie."""
    link = placed(counter).uri

    browser.open(link, lang="ko")

    assert browser.run("getComputedStyle(document.querySelector('header')).backgroundColor") == (
        "rgb(20, 40, 75)"
    )
    assert browser.run("document.querySelector('h1').textContent") == words(PageState.OFFER, "ko")
    assert {url.split("?")[0] for url in browser.asked} <= {
        f"{counter.link.issuer}/get",
        f"{counter.link.issuer}/favicon.ico",
    }
    assert browser.cookies() == []
    assert browser.run("document.documentElement.lang") == "ko"


def test_a_phone_in_training_is_told_so() -> None:
    page = render(view(PageState.OFFER, "ko", training=True))

    assert landing_page._words().text("training.band", "ko") in page
    assert 'class="training"' in page
    assert PIN not in page and now().year >= 2026

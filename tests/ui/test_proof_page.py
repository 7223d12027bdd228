"""The page of the proof: what it shows of a check, and of who takes what was proven."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from desk.issuance.case import CaseKind, State
from desk.ui.glyphs import Glyph
from desk.ui.look import Look
from desk.ui.pages.own_words import OwnWords
from desk.ui.pages.proof import ProofPage, ProofStage, ProofStep, ProofView, stage_of
from desk.ui.parts.qrcard import QrState
from desk.ui.parts.rows import Row
from desk.ui.parts.text import Text
from desk.ui.renewals import AREA as RENEWAL
from desk.ui.troubles import TroubleWords
from tests.ui import gallery_phone, samples, samples_services, scenes_renewal
from tests.ui.officer import drop, settle, words_seen
from tests.ui.scenes import SCENES

TROUBLES = TroubleWords()
SERVICES = samples_services.told()
ASKED = samples.local("10:40:20")
DELIVERED = samples.offered_case(State.DELIVERED, issued=samples.issued())
PROVEN = samples.offered_case(State.PROVEN, issued=samples.issued())


@pytest.fixture
def proof(look: Look, qtbot: QtBot) -> ProofPage:
    page = ProofPage(look)
    qtbot.addWidget(page)
    page.resize(1200, 780)
    page.show()
    return page


def proof_view(**facts: object) -> ProofView:
    done = ((ProofStep.ASKED, ASKED),)
    base = ProofView(samples.here("10:40:34"), DELIVERED, SERVICES, done, placed_at=ASKED)
    return replace(base, **facts)  # type: ignore[arg-type]


LIVE = {"qr_text": gallery_phone.CHECK_URI, "expires_at": ASKED + 120 * samples.SECOND}


@pytest.mark.parametrize(
    ("facts", "stage"),
    [
        ({"placed_at": None, "done": ()}, ProofStage.PREPARING),
        (LIVE, ProofStage.WAITING),
        (LIVE | {"expires_at": ASKED}, ProofStage.ENDED),
        ({}, ProofStage.ENDED),
        ({"failed": ProofStep.SAME_KEY}, ProofStage.REFUSED),
        ({"done": ((ProofStep.PRESENTED, ASKED),)}, ProofStage.CHECKING),
        ({"done": ((ProofStep.STATUS, ASKED),)}, ProofStage.USABLE),
    ],
)
def test_the_stage_of_a_proof(facts: dict[str, object], stage: ProofStage) -> None:
    assert stage_of(proof_view(**facts)) is stage


@pytest.mark.parametrize("step", [ProofStep.SAME_KEY, ProofStep.CONTENT])
def test_what_was_not_checked_never_turns_green(proof: ProofPage, step: ProofStep) -> None:
    spoken = TROUBLES.of("PROOF-01", "ko")
    proof.render(proof_view(failed=step, trouble=spoken))

    glyphs = dict(zip(ProofStep, (row.sign.glyph for row in proof.progress._rows), strict=True))
    assert glyphs.pop(step) is Glyph.FAILED
    assert glyphs.pop(ProofStep.ASKED) is Glyph.PASSED
    assert glyphs.pop(ProofStep.PRESENTED) is Glyph.PASSED
    assert set(glyphs.values()) == {Glyph.NOT_DONE}
    assert "PROOF-01" in words_seen(proof)
    assert "사용 가능\n" not in words_seen(proof.services)


def test_what_may_not_become_usable_is_not_said_to_be_presented_wrongly(
    proof: ProofPage,
) -> None:
    """Key and content were right before the list was asked; another QR alone would end alike."""
    asked = ((ProofStep.ASKED, samples.local("10:40:20")),)
    trouble = TROUBLES.of("STORE-15", "ko")
    proof.render(proof_view(done=asked, failed=ProofStep.STATUS, trouble=trouble))

    *before, last = (row.sign.glyph for row in proof.progress._rows)
    assert set(before) == {Glyph.PASSED} and last is Glyph.FAILED
    told = words_seen(proof)
    assert "사용 가능으로 바꿀 수 없습니다" in told
    assert "휴대전화에서 받은 키와 같음" in told
    assert "바꾸지 않음 · STORE-15" in told
    assert "제출한 것이 맞지 않습니다" not in told and "실시하지 않음" not in told


def test_a_phone_that_was_not_even_asked_has_shown_nothing(proof: ProofPage) -> None:
    trouble = TROUBLES.of("CARE-09", "ko")
    proof.render(proof_view(done=(), placed_at=None, failed=ProofStep.STATUS, trouble=trouble))

    *before, last = (row.sign.glyph for row in proof.progress._rows)
    assert set(before) == {Glyph.NOT_DONE} and last is Glyph.FAILED
    assert "사용 가능으로 바꿀 수 없습니다" in words_seen(proof)
    assert proof.footer.primary.text() == "사후 관리에서 열기"


@pytest.mark.parametrize("kind", [CaseKind.ISSUE, CaseKind.REISSUE])
def test_what_may_not_become_usable_leads_to_after_care(
    proof: ProofPage, qtbot: QtBot, kind: CaseKind
) -> None:
    """The banner said «revoke it», and the page's own act left it as one that waits for a phone."""
    case = replace(DELIVERED, kind=kind, former="LA-2026-000007")
    proof.render(proof_view(case=case, failed=ProofStep.STATUS))

    assert proof.footer.primary.text() == "사후 관리에서 열기"
    with (
        qtbot.assertNotEmitted(proof.new_qr_requested),
        qtbot.assertNotEmitted(proof.cannot_prove),
        qtbot.waitSignal(proof.aftercare_asked),
    ):
        proof.primary_key()
    with qtbot.waitSignal(proof.cannot_prove):
        next(one for one in proof.footer.controls() if one.text() == "확인할 수 없음…").click()  # type: ignore[attr-defined]


def test_a_resume_that_may_not_be_ends_its_case(proof: ProofPage, qtbot: QtBot) -> None:
    case = replace(DELIVERED, kind=CaseKind.RESUME, state=State.APPROVED, former="LA-2026-000007")
    proof.render(proof_view(case=case, failed=ProofStep.STATUS))

    with qtbot.assertNotEmitted(proof.aftercare_asked), qtbot.waitSignal(proof.cannot_prove):
        proof.primary_key()


@pytest.mark.parametrize("facts", [{}, {"failed": ProofStep.CONTENT}])
def test_an_ended_or_refused_check_offers_a_new_qr(
    proof: ProofPage, qtbot: QtBot, facts: dict[str, object]
) -> None:
    proof.render(proof_view(**facts))

    with qtbot.assertNotEmitted(proof.go_on), qtbot.waitSignal(proof.new_qr_requested):
        proof.primary_key()


def test_the_check_qr_ends_with_its_time(proof: ProofPage) -> None:
    proof.render(proof_view(**LIVE))
    assert proof.qr.place.state is QrState.LIVE

    proof.tick(0, 120)

    assert proof.qr.place.state is QrState.ENDED
    assert proof.qr.place.qr.side == 0


def test_only_a_usable_credential_goes_on(proof: ProofPage, qtbot: QtBot) -> None:
    proof.render(proof_view(**LIVE))
    assert not proof.footer.primary.isEnabled()
    assert "사용 가능" not in words_seen(proof.services)
    with qtbot.assertNotEmitted(proof.go_on):
        proof.primary_key()

    every = tuple((step, ASKED) for step in ProofStep)
    proof.render(proof_view(case=PROVEN, done=every))

    assert "사용 가능" in words_seen(proof.services)
    with qtbot.waitSignal(proof.go_on):
        proof.primary_key()


def test_what_a_service_has_not_said_is_not_invented(proof: ProofPage) -> None:
    """Named by a notice is not accepted: the list as it is shipped turns nothing green."""
    every = tuple((step, ASKED) for step in ProofStep)
    shipped = samples_services.shipped()
    proof.render(proof_view(case=PROVEN, done=every, services=shipped))

    assert words_seen(proof.services).count("밝히지 않음") == len(shipped.services)
    assert "사용 가능" not in words_seen(proof.services)
    assert words_seen(proof.services).count("안내됨") == 3


def test_each_service_is_told_by_its_own_request(proof: ProofPage) -> None:
    """Given, missing, taken or not: in words, whole on the screen. They were counted and cut, and
    whole only for who found the part of a row that tells."""
    every = tuple((step, ASKED) for step in ProofStep)
    proof.render(proof_view(case=PROVEN, done=every))

    said = words_seen(proof.services)
    rows = {row.accessibleName().split(",")[0]: row for row in proof.services.findChildren(Row)}
    assert said.count("사용 가능") == 1 and said.count("받지 않음") == 1
    given = "주는 항목: 성 (로마자), 이름 (로마자), 생년월일, 사진, 재외국민번호"
    assert given in said.split("\n")
    assert "없는 항목: 주민등록번호 · 주는 항목: 한글 성명, 여권번호" in said.split("\n")
    assert rows["정부24"].accessibleName().startswith("정부24, 사용 가능, 주는 항목: 성")


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("size", [(1440, 900), (1280, 720)])
def test_what_a_service_gets_is_seen_uncut_however_much_it_is(
    look: Look, qtbot: QtBot, size: tuple[int, int], language: str
) -> None:
    look.set_language(language)
    shell = SCENES["13b-proof-usable"](look, size)
    qtbot.addWidget(shell)
    page = shell.findChild(ProofPage)
    first, *others = SERVICES.services
    much = replace(first, given=first.given * 4)

    every = tuple((step, ASKED) for step in ProofStep)
    services = replace(SERVICES, services=(much, *others))
    page.render(proof_view(case=PROVEN, done=every, services=services))
    settle()

    for row in page.services.findChildren(Row):
        for text in row.findChildren(Text):
            assert not text.is_cut(), text.text()
            assert text.geometry().bottom() <= row.height()
            assert text.height() >= text.heightForWidth(text.width())


def test_no_service_counts_before_the_proof(proof: ProofPage) -> None:
    proof.render(proof_view(**LIVE))

    assert words_seen(proof.services).count("확인 전") == 1
    assert "사용 가능" not in words_seen(proof.services)


def test_services_not_weighed_yet_show_none(proof: ProofPage) -> None:
    proof.render(proof_view(services=None, **LIVE))

    assert "정부24" not in words_seen(proof.services)


def test_cannot_prove_leaves_as_a_signal(proof: ProofPage, qtbot: QtBot) -> None:
    proof.render(proof_view(**LIVE))

    with qtbot.waitSignal(proof.cannot_prove):
        proof.footer.controls()[1].click()  # type: ignore[attr-defined]


@pytest.mark.parametrize("asks_passport", [False, True])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_resume_says_when_only_the_phone_knows_the_passport(
    look: Look, language: str, asks_passport: bool
) -> None:
    """What was not compared is said, and said in full in the smallest full window."""
    look.set_language(language)
    shell = scenes_renewal.resume_asked(look, (1280, 720), asks_passport=asks_passport)
    settle()

    key = "why_passport" if asks_passport else "why"
    said = OwnWords(look, RENEWAL)(f"renewal_proof.{key}")
    (text,) = [one for one in shell.findChildren(Text) if one.text() == said]
    assert text.isVisible() and not text.is_cut()
    drop(shell)

"""One function for each page and state: a window with sample data, ready to be looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtWidgets import QWidget

from desk.issuance.case import Case
from desk.issuance.posts import SEOUL
from desk.ui import says
from desk.ui.glyphs import Glyph
from desk.ui.look import Look
from desk.ui.pages.passport import PassportPage, PassportView, Stage
from desk.ui.pages.passport_parts import PhaseLine, PhaseState
from desk.ui.parts.frame import HeaderView, Page
from desk.ui.parts.rail import RailView, StepState
from desk.ui.parts.verdict import Remedy
from desk.ui.renewals import kind_words
from desk.ui.shell import Shell
from desk.ui.steps import StepKey, step_marks
from desk.ui.troubles import TroubleWords
from tests.ui import samples

Size = tuple[int, int]
Scene = Callable[[Look, Size], QWidget]
SCENES: dict[str, Scene] = {}
TROUBLES = TroubleWords()


def scene(name: str) -> Callable[[Scene], Scene]:
    def keep(build: Scene) -> Scene:
        SCENES[name] = build
        return build

    return keep


def officer(look: Look) -> str:
    return "Consul LEE Seojun" if look.language == "en" else "이서준 영사"


def shell_for(
    look: Look,
    size: Size,
    page: Page,
    case: Case | None,
    step: StepKey | None,
    clock: str,
    applicant: tuple[str, str],
    *,
    trouble: StepState | None = None,
    detail: str = "",
    training: bool = False,
) -> Shell:
    """A window of ``size`` with ``page`` in it, rail and header filled."""
    here = samples.here(clock)
    shell = Shell(look, training=training)
    shell.resize(*size)
    shell.add_page(page)
    shell.show_page(page)
    shell.show_header(
        HeaderView(
            applicant[1] if look.language == "en" else applicant[0],
            says.header_time(look, here.now, here.zone),
            says.header_time(look, here.now, SEOUL),
        )
    )
    shell.show_rail(rail_for(look, here, case, step, trouble, detail))
    shell.show()
    shell.show_page(page)
    return shell


def rail_for(
    look: Look,
    here: says.Here,
    case: Case | None,
    step: StepKey | None,
    trouble: StepState | None = None,
    detail: str = "",
) -> RailView:
    say = look.say
    view = RailView(
        post=here.post[look.language],
        officer=officer(look),
        role=say("rail.role_window", role=say("role.officer"), window=here.window),
        devices=say("rail.all_ready"),
        devices_glyph=Glyph.PASSED,
    )
    if case is None:
        return view
    hangul = case.register.name_hangul if case.register else ""
    latin = case.document.latin_name if case.document else ""
    name, second = says.person(look, hangul, latin)
    return replace(
        view,
        case_number=case.number,
        kind=kind_words(look, case.kind),
        name=name or say("step.passport"),
        second_name=second,
        steps=step_marks(look, case, here, step, trouble=trouble, detail=detail),
    )


PHASES = (
    PhaseLine("access", PhaseState.DONE, seconds=0.4),
    PhaseLine("sod", PhaseState.DONE, 1857, 1857, 0.3),
    PhaseLine("dg1", PhaseState.DONE, 93, 93, 0.1),
    PhaseLine("dg14", PhaseState.DONE, 412, 412, 0.1),
    PhaseLine("chip_authentication", PhaseState.DONE, seconds=0.2),
    PhaseLine("details", PhaseState.ABSENT),
    PhaseLine("dg2", PhaseState.RUNNING, 12_288, 19_872, 0.9),
    PhaseLine("verify", PhaseState.WAITING),
)
TYPED = {
    "passport_number": "M123A4567",
    "latin_name": "KIM HANEUL",
    "birth_date": "1991-03-14",
    "sex": "F",
    "nationality": "KOR",
    "expiry_date": "2033-05-02",
}


@scene("03-passport-empty")
def passport_empty(look: Look, size: Size) -> QWidget:
    page, case = PassportPage(look, TROUBLES), samples.case()
    waiting = tuple(PhaseLine(phase.key, PhaseState.WAITING) for phase in PHASES)
    page.render(PassportView(samples.here("10:25"), case, phases=waiting))
    words = ("“여권을 준비해 주세요”", "“Please have your passport ready”")
    return shell_for(look, size, page, case, StepKey.PASSPORT, "10:25", words)


@scene("03-passport-reading")
def passport_reading(look: Look, size: Size) -> QWidget:
    page, case = PassportPage(look, TROUBLES), samples.case()
    page.render(
        PassportView(
            samples.here("10:26"),
            case,
            Stage.READING,
            phases=PHASES,
            typed=samples.ZONE_LINES,
            typed_values=TYPED,
            scanned=True,
        )
    )
    words = ("“여권을 읽고 있습니다”", "“Reading the passport”")
    return shell_for(
        look, size, page, case, StepKey.PASSPORT, "10:26", words, detail=look.say("mark.reading")
    )


@scene("16-trouble-banners")
def passport_trouble(look: Look, size: Size) -> QWidget:
    page, case = PassportPage(look, TROUBLES), samples.case()
    waiting = tuple(PhaseLine(phase.key, PhaseState.WAITING) for phase in PHASES)
    page.render(
        PassportView(
            samples.here("10:26"),
            case,
            phases=waiting,
            typed=samples.ZONE_LINES,
            trouble=TROUBLES.of("READER-03", look.language),
            remedies=(Remedy("read_again", look.say("passport.read_again"), "rotate-ccw"),),
        )
    )
    words = ("“여권을 다시 올려 주세요”", "“Please put the passport back”")
    return shell_for(look, size, page, case, StepKey.PASSPORT, "10:26", words)

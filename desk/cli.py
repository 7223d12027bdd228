"""The command line: ``desk`` opens the program, everything else works without a window.

Heavy parts are imported by the command that needs them. ``--json`` is there wherever a
machine may read the answer; troubles go to stderr with their code and end with status 3.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from desk import __version__, core_dumps
from desk.app.home import Home, default_home
from desk.trouble import Trouble

if TYPE_CHECKING:
    from desk.mrtd.mrz import Mrz
    from desk.mrtd.pace_steps import Password
    from desk.mrtd.trust import TrustStore

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

PICTURE_CHILD = ("passport", "decode-picture")
EXIT_TROUBLE = 3
EXIT_USAGE = 2
_STATUSES = (
    "Exit status: 0 passed, 1 failed, 4 undecided or not done, 2 wrong arguments, 3 trouble."
)

Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    if tuple(given[:2]) == PICTURE_CHILD:
        # A packaged program starts itself as the process that decodes one picture.
        from desk.mrtd import picture_child

        return picture_child.main(list(given[2:]))
    core_dumps.forbid()
    args = _parser().parse_args(arguments)
    command: Command = args.command
    try:
        return command(args)
    except Trouble as trouble:
        _say_trouble(trouble, getattr(args, "json", False))
        return EXIT_TROUBLE
    except KeyboardInterrupt:
        return 130


def _say_trouble(trouble: Trouble, as_json: bool) -> None:
    if as_json:
        sys.stderr.write(json.dumps({"code": trouble.code, "facts": trouble.facts}) + "\n")
        return
    from desk.words import TroubleWords

    spoken = TroubleWords().of(trouble.code, "en", trouble.facts)
    sys.stderr.write(f"{spoken.code}: {spoken.title}. {spoken.text} {spoken.next}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="desk", description="Issuance desk for the mobile overseas-Korean identity credential"
    )
    parser.add_argument("--version", action="version", version=f"desk {__version__}")
    parser.add_argument("--home", type=Path, default=None, help="folder of settings and records")
    parser.set_defaults(command=_open)
    commands = parser.add_subparsers(metavar="COMMAND")
    _add_rehearse(commands)
    _add_passport(commands)
    _add_card(commands)
    _add_trust(commands)
    _add_records(commands)
    _add_audit(commands)
    _add_doctor(commands)
    _add_enrollment(commands)
    return parser


def _add_rehearse(commands: Subparsers) -> None:
    rehearse = commands.add_parser("rehearse", help="the whole program on training devices")
    rehearse.add_argument("--unattended", action="store_true", help="drive one case alone")
    rehearse.add_argument("--out", type=Path, help="folder for what --unattended leaves")
    rehearse.add_argument("--applicant", default="haneul", help="key of the training applicant")
    rehearse.add_argument("--language", choices=("ko", "en"), default=None)
    rehearse.add_argument("--dark", action="store_true", help="dark colours")
    rehearse.add_argument(
        "--vpcd",
        metavar="PORT,PORT",
        help="put both cards behind the machine's smartcard service, through the virtual driver",
    )
    rehearse.set_defaults(command=_rehearse)
    modes = rehearse.add_subparsers(metavar="")
    serve = modes.add_parser("serve", help="service and desk without a window")
    serve.add_argument("--port", type=int, default=0, help="0 takes a free one")
    serve.add_argument("--json", action="store_true")
    serve.set_defaults(command=_rehearse_serve)
    sign = modes.add_parser("sign-request", help="the training authority answers a request")
    sign.set_defaults(command=_sign_request)
    revoke = modes.add_parser("revoke", help="the training authority takes a certificate back")
    revoke.set_defaults(command=_revoke)
    for parser in (sign, revoke):
        parser.add_argument("file", type=Path)
        parser.add_argument("--out", type=Path, required=True)


def _add_passport(commands: Subparsers) -> None:
    passport = commands.add_parser("passport", help="read and judge passports without a window")
    verbs = passport.add_subparsers(metavar="", required=True)
    _add_passport_read(verbs)
    _add_passport_verify(verbs)


def _add_passport_read(verbs: Subparsers) -> None:
    read = verbs.add_parser(
        "read",
        help="read a passport's chip and judge it",
        description="Read the chip of the passport on a reader, judge it, and tell each result. "
        "One of --mrz, --document with --birth and --expiry, or --can opens it.",
        epilog=_STATUSES,
    )
    read.add_argument(
        "--reader", default="", metavar="NAME", help="its name or part of it; else any with a chip"
    )
    read.add_argument(
        "--mrz",
        metavar="LINE2",
        help="second line of the zone, 44 characters, in quotes; or both lines, which are then "
        "compared with the chip's; - takes it from standard input, unseen by other users",
    )
    read.add_argument("--document", metavar="N", help="passport number")
    read.add_argument("--birth", metavar="D", help="date of birth, YYYY-MM-DD or YYMMDD")
    read.add_argument("--expiry", metavar="D", help="date of expiry, YYYY-MM-DD or YYMMDD")
    read.add_argument("--can", metavar="N", help="card access number, six digits")
    read.add_argument("--json", action="store_true", help="the check log (published schema)")
    read.add_argument(
        "--save",
        type=Path,
        metavar="DIR",
        help="lay the chip's files, the portrait and the check log into a new folder "
        "(personal data: for you alone)",
    )
    read.set_defaults(command=_passport_read, usage=read)


def _add_passport_verify(verbs: Subparsers) -> None:
    verify = verbs.add_parser(
        "verify",
        help="judge saved passport files",
        description="Judge a folder that `desk passport read --save` has left, or a security "
        "object with or without data groups (--sod FILE --dg1 FILE --dg2 FILE ...).",
        epilog=_STATUSES,
    )
    source = verify.add_mutually_exclusive_group(required=True)
    source.add_argument("folder", type=Path, nargs="?", metavar="DIR", help="saved files")
    source.add_argument("--sod", type=Path, metavar="FILE", help="EF.SOD")
    for number in range(1, 17):
        verify.add_argument(f"--dg{number}", type=Path, metavar="FILE", help=argparse.SUPPRESS)
    verify.add_argument("--json", action="store_true")
    verify.set_defaults(command=_passport_verify)


def _add_card(commands: Subparsers) -> None:
    card = commands.add_parser("card", help="officers' cards: look, make keys, set PINs")
    verbs = card.add_subparsers(metavar="", required=True, dest="verb")
    help_of = {
        "status": "what is on the card, and how long it is good for",
        "request": "make a key in the card and a request for its certificate",
        "install": "check the authority's certificate and write it to the card",
        "change-pin": "set another PIN, knowing the present one",
        "unblock": "set a new PIN by the PUK",
        "revocations": "take the authority's revocation list",
    }
    parsers = {verb: verbs.add_parser(verb, help=text) for verb, text in help_of.items()}
    for verb, parser in parsers.items():
        parser.add_argument("--reader", default="", help="name of the reader")
        parser.add_argument("--training", action="store_true", help="a training card, in no reader")
        parser.add_argument("--officer", type=int, choices=range(1, 6), default=1, help="whose")
        parser.add_argument("--json", action="store_true")
        if verb not in ("status", "revocations"):
            parser.add_argument("--pad", action="store_true", help="PINs are typed on the reader")
            parser.add_argument("--last-try", action="store_true", help="use the last try too")
        if verb in ("request", "install"):
            parser.add_argument("--slot", choices=("9A", "9C"), default="9C")
            parser.add_argument("--management-key", type=Path, help="file with it in hexadecimal")
        if verb in ("install", "revocations"):
            parser.add_argument("file", type=Path)
        parser.set_defaults(command=_card)
    request = parsers["request"]
    request.add_argument("--out", type=Path, required=True, help="file for the request (PEM)")
    request.add_argument("--key", choices=("P256", "P384", "RSA2048"), default="P256")
    request.add_argument("--name", default="", help="common name; made up for 9C if left out")
    request.add_argument("--organisation", default="")
    request.add_argument("--over-old", action="store_true", help="end a certificate still good")


def _add_trust(commands: Subparsers) -> None:
    trust = commands.add_parser("trust", help="what passports' issuers are judged by")
    verbs = trust.add_subparsers(metavar="", required=True)
    take = verbs.add_parser(
        "import",
        help="master, revocation and deviation lists, certificates, LDIF of the ICAO directory",
        description="A list counts where a root given here, or one imported or used before, "
        "vouches for its signer; a revocation or deviation list where a certificate of its "
        "own country is held.",
        epilog="exit status: 0 all taken, 4 some refused, 1 nothing taken, 3 trouble, nothing done",
    )
    take.add_argument("file", type=Path, nargs="+", help="files, or folders of them")
    take.add_argument(
        "--signer",
        type=Path,
        action="append",
        default=[],
        metavar="ROOT",
        help="certificate that a list's signer chains to; may be given several times",
    )
    take.add_argument(
        "--by-listed",
        action="store_true",
        help="let certificates known only from lists vouch for their own country's master list",
    )
    take.add_argument("--json", action="store_true")
    take.set_defaults(command=_trust_import)
    listed = verbs.add_parser("list", help="what is trusted, and how old it is")
    listed.add_argument("--json", action="store_true")
    listed.set_defaults(command=_trust_list)
    remove = verbs.add_parser("remove", help="forget one source")
    remove.add_argument("name", help="its name as `desk trust list` tells it")
    remove.add_argument("--json", action="store_true")
    remove.set_defaults(command=_trust_remove)


def _add_records(commands: Subparsers) -> None:
    records = commands.add_parser("records", help="the station's records")
    verbs = records.add_subparsers(metavar="", required=True)
    take = verbs.add_parser("import-register", help="an extract of the overseas register (CSV)")
    take.add_argument("file", type=Path)
    take.add_argument(
        "--as-of",
        type=_moment,
        metavar="TIME",
        help="when the extract was made, like 2026-11-23T09:00, in Korea's time unless it says "
        "another; without it the extract counts as of now",
    )
    _add_card_options(take)
    take.set_defaults(command=_records, verb="import-register")
    _add_record_changes(verbs)
    share = verbs.add_parser(
        "share",
        help="lay this desk's own records into the database its post shares",
        description="The database of [records] database must be empty, and no desk open here. "
        "The same cards open the shared records. The desk's own file is laid aside.",
    )
    _add_card_options(share)
    share.set_defaults(command=_records, verb="share")
    _add_record_cards(verbs)
    officers = verbs.add_parser(
        "import-officers",
        help="the ministry's signed list of officers",
        description="Verify the list and put it in place. No card and no open records are "
        "needed: its own signature says that it is the ministry's.",
    )
    officers.add_argument("file", type=Path)
    officers.add_argument("--training", action="store_true", help="for the rehearsal's home")
    officers.add_argument("--json", action="store_true")
    officers.set_defaults(command=_import_officers)


def _moment(text: str) -> datetime:
    from desk.issuance.posts import SEOUL

    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=SEOUL)).astimezone(SEOUL).astimezone(UTC)
    except (ValueError, OverflowError) as reason:
        raise argparse.ArgumentTypeError(f"no time like 2026-11-23T09:00: {text}") from reason


def _add_record_changes(verbs: Subparsers) -> None:
    told = verbs.add_parser(
        "import-changes",
        help="who was struck off, died or got another passport (JSON)",
        description="The form of the file is published: register-changes.schema.json. Nothing "
        "is changed by itself; `desk records changes` lists what an officer has to change.",
    )
    told.add_argument("file", type=Path)
    listed = verbs.add_parser("changes", help="the credentials that must change, and why")
    for parser, verb in ((told, "import-changes"), (listed, "changes")):
        _add_card_options(parser)
        parser.set_defaults(command=_records, verb=verb)


def _add_record_cards(verbs: Subparsers) -> None:
    begin = verbs.add_parser(
        "begin",
        help="make the records: the first officer's card and the recovery card",
        description="The records' key is made now and wrapped to both cards; no file holds it. "
        "The recovery card is nobody's and stays with the head of post.",
    )
    cards = verbs.add_parser("cards", help="the cards that open the records")
    acts = cards.add_subparsers(metavar="", required=True)
    listed = acts.add_parser("list", help="whose cards open the records")
    add = acts.add_parser("add", help="let another card in; it comes second")
    add.add_argument("--recovery", action="store_true", help="as a recovery card")
    remove = acts.add_parser("remove", help="take a card out; the others get another key")
    remove.add_argument("card", help="its fingerprint or the beginning of it")
    rotate = acts.add_parser("rotate", help="another key for the same cards")
    named = {"begin": begin, "list": listed, "add": add, "remove": remove, "rotate": rotate}
    for verb, parser in named.items():
        _add_card_options(parser)
        parser.set_defaults(command=_records, verb=verb)
        if verb in ("begin", "add"):
            parser.add_argument("--new-reader", default="", help="reader with the second card")
        if verb in ("add", "remove", "rotate"):
            parser.add_argument(
                "--by-recovery",
                action="store_true",
                help="the recovery card allows it, because officers' cards are lost",
            )
    add.add_argument("--new-officer", type=int, default=2, help="whose training card comes in")


def _add_card_options(parser: argparse.ArgumentParser) -> None:
    """For a command that opens the records: by an officer's card and its PIN."""
    parser.add_argument("--reader", default="", help="name of the reader with your card")
    parser.add_argument("--training", action="store_true", help="the rehearsal's records")
    parser.add_argument("--officer", type=int, default=1, help="whose training card")
    parser.add_argument("--pad", action="store_true", help="the PIN is typed on the reader")
    parser.add_argument("--last-try", action="store_true", help="use the last try too")
    parser.add_argument("--json", action="store_true")


def _add_audit(commands: Subparsers) -> None:
    audit = commands.add_parser("audit", help="the log that shows when it was changed")
    verbs = audit.add_subparsers(metavar="", required=True)
    export = verbs.add_parser("export", help="the whole log and its seals, for others to verify")
    export.add_argument("file", type=Path, help="the log; the seals go beside it (FILE.seals)")
    pack = verbs.add_parser("pack", help="the evidence of one case, one file that verifies alone")
    pack.add_argument("case", help="number of the case")
    pack.add_argument("--out", type=Path, required=True, metavar="FILE")
    verify = verbs.add_parser(
        "verify",
        help="verify a log, the folder of a copy or an evidence pack; needs no records",
        description="Say whether every event holds, and name the first line that does not. With "
        "seals: that nothing changed since the officers' cards signed. With a root: whose "
        "cards these were.",
        epilog="Exit status: 0 what was asked holds, 1 something does not hold, 4 it holds but "
        "whose cards sealed was not asked or some events are not sealed yet, 3 trouble.",
    )
    verify.add_argument("file", type=Path, help="exported log, copy's folder or evidence pack")
    verify.add_argument(
        "--checkpoints", type=Path, metavar="FILE", help="file of seals, or folder of a copy"
    )
    verify.add_argument(
        "--root",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="certificate that issues the officers' cards; else the one of the home folder",
    )
    verify.add_argument("--head", metavar="HASH", help="a hash noted elsewhere that must occur")
    _add_card_options(export)
    _add_card_options(pack)
    verify.add_argument("--training", action="store_true", help="the rehearsal's, not live work")
    verify.add_argument("--json", action="store_true")
    for name, verb in (("export", export), ("pack", pack), ("verify", verify)):
        verb.set_defaults(command=_audit, verb=name)


def _add_doctor(commands: Subparsers) -> None:
    doctor = commands.add_parser(
        "doctor",
        help="is the desk ready to open, and what is the next step where it is not",
        description="Ask card service, readers, officer card, camera, printer, enrollment "
        "service, lists, disk and clock, without a window and without starting anything.",
        epilog="Exit status: 0 every part is ready, 1 a part is unusable, 4 a part wants "
        "attention or could not be asked, 2 wrong arguments, 3 trouble.",
    )
    form = doctor.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true")
    form.add_argument(
        "--bundle",
        type=Path,
        metavar="FILE",
        help="show the support bundle (no personal data), then save it as a zip of plain text; "
        "a terminal is asked before",
    )
    doctor.add_argument("--yes", action="store_true", help="save the bundle without asking")
    doctor.add_argument("--language", choices=("ko", "en"), default="en")
    doctor.set_defaults(command=_doctor)


def _add_enrollment(commands: Subparsers) -> None:
    from desk.enrollment.server import DEPLOYMENT, add_arguments

    enrollment = commands.add_parser("enrollment", help="the phone-facing service")
    verbs = enrollment.add_subparsers(metavar="", required=True)
    serve = verbs.add_parser(
        "serve",
        help="serve phones until told to stop",
        epilog=DEPLOYMENT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(serve)
    serve.set_defaults(command=_enrollment_serve)


def _card(args: argparse.Namespace) -> int:
    from desk.app import cards

    return cards.run(_home(args), args)


def _sign_request(args: argparse.Namespace) -> int:
    from desk.app import cards

    return cards.sign_request(_home(args), args)


def _revoke(args: argparse.Namespace) -> int:
    from desk.app import cards

    return cards.revoke(_home(args), args)


def _home(args: argparse.Namespace) -> Home:
    return Home.make(args.home or default_home())


def _open(args: argparse.Namespace) -> int:
    from desk.app.window import run_desk

    return run_desk(_home(args))


def _rehearse(args: argparse.Namespace) -> int:
    if args.unattended:
        if args.out is None:
            sys.stderr.write("desk rehearse: --unattended needs --out DIR\n")
            return EXIT_USAGE
        from desk.app.unattended import run_unattended

        return run_unattended(_home(args), args)
    from desk.app.window import run_rehearsal

    return run_rehearsal(_home(args), args)


def _rehearse_serve(args: argparse.Namespace) -> int:
    from desk.app.serve import run_serve

    return run_serve(_home(args), args)


def _passport_read(args: argparse.Namespace) -> int:
    from desk.app.passport import read_here

    key, typed = _password(args)
    answer = read_here(_home(args), _trust(args), args.reader, key, typed, args.save)
    return _tell(answer.json if args.json else answer.text, args.json, answer.exit_code)


def _password(args: argparse.Namespace) -> tuple[Password, Mrz | None]:
    """What opens the chip; wrong or missing arguments end the program with status 2."""
    from desk.mrtd.mrz import MrzError, MrzKey
    from desk.mrtd.pace_steps import CanKey
    from desk.mrtd.passport_commands import zone_date, zone_or_line
    from desk.mrtd.troubles import CanMalformed

    fields = (args.document, args.birth, args.expiry)
    ways = (args.mrz is not None, any(fields), args.can is not None)
    if sum(ways) != 1 or (any(fields) and not all(fields)):
        args.usage.error("one of --mrz, --can, or --document with --birth and --expiry")
    try:
        if args.mrz is not None:
            return zone_or_line(sys.stdin.read() if args.mrz == "-" else args.mrz)
        if args.can is not None:
            return CanKey(args.can), None
        birth, expiry = zone_date(args.birth), zone_date(args.expiry)
        return MrzKey(args.document.upper(), birth, expiry), None
    except (MrzError, CanMalformed) as error:
        _say_trouble(error, args.json)
        raise SystemExit(EXIT_USAGE) from error


def _passport_verify(args: argparse.Namespace) -> int:
    from desk.mrtd.commands import passport_verify
    from desk.mrtd.passport_commands import verify_folder

    now, trust = datetime.now(UTC), _trust(args)
    if args.folder is not None:
        answer = verify_folder(args.folder, trust, now)
    else:
        groups = {n: getattr(args, f"dg{n}") for n in range(1, 17) if getattr(args, f"dg{n}")}
        answer = passport_verify(args.sod, groups, trust, now)
    return _tell(answer.json if args.json else answer.text, args.json, answer.exit_code)


def _trust_import(args: argparse.Namespace) -> int:
    from desk.mrtd.trust_commands import trust_import

    now = datetime.now(UTC)
    answer = trust_import(args.file, args.signer, _trust(args), now, by_listed=args.by_listed)
    return _tell(answer.json if args.json else answer.text, args.json, answer.exit_code)


def _trust_list(args: argparse.Namespace) -> int:
    from desk.mrtd.trust_commands import trust_list

    answer = trust_list(_trust(args), datetime.now(UTC))
    return _tell(answer.json if args.json else answer.text, args.json, answer.exit_code)


def _trust_remove(args: argparse.Namespace) -> int:
    from desk.mrtd.trust_commands import trust_remove

    answer = trust_remove(args.name, _trust(args), datetime.now(UTC))
    return _tell(answer.json if args.json else answer.text, args.json, answer.exit_code)


def _trust(args: argparse.Namespace) -> TrustStore:
    from desk.counter.settings import load_settings
    from desk.mrtd.trust import TrustStore

    home = _home(args)
    return TrustStore(home.trust, load_settings(home.settings).trust.ages)


def _records(args: argparse.Namespace) -> int:
    from desk.app import records

    return records.run(_home(args), args)


def _import_officers(args: argparse.Namespace) -> int:
    from desk.app import officers

    return officers.import_officers(_home(args), args)


def _audit(args: argparse.Namespace) -> int:
    from desk.app import audit

    verbs = {"export": audit.export, "pack": audit.pack, "verify": audit.verify}
    answer = verbs[args.verb](_home(args), args)
    return _tell(answer.facts if args.json else answer.text, args.json, answer.status)


def _doctor(args: argparse.Namespace) -> int:
    from desk.app import doctor

    return doctor.run(_home(args), args)


def _enrollment_serve(args: argparse.Namespace) -> int:
    from desk.enrollment.server import serve

    return serve(args)


def _tell(answer: object, as_json: bool, status: int) -> int:
    """Print an answer, for a machine on one line, for people indented; hand its status on."""
    if isinstance(answer, str):
        text = answer
    else:
        text = json.dumps(answer, ensure_ascii=False, indent=None if as_json else 2)
    # A terminal obeys control characters, and a chip or a list may have brought some.
    shown = (
        one if one.isprintable() or one == "\n" else "\N{REPLACEMENT CHARACTER}" for one in text
    )
    sys.stdout.write("".join(shown) + "\n")
    return status

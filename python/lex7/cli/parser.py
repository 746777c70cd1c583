"""The arguments of every command, and nothing heavy: `lex7 --help` imports only this.

Each command names the function that does its work as `module:function`; it is imported when it is
called.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from lex7 import __version__

Configure = Callable[[argparse.ArgumentParser], None]


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its name, one line of help, its arguments, and where its work is done."""

    name: str
    summary: str
    run: str
    configure: Configure


def build() -> argparse.ArgumentParser:
    """Build the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="lex7",
        description="Your own data, your own signed rules, the smallest correction, with a proof.",
        epilog="Exit codes: 0 done, 1 done with findings, 2 refused. Every command has --help.",
    )
    parser.add_argument("--version", action="version", version=f"lex7 {__version__}")
    _home_argument(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        child = commands.add_parser(command.name, help=command.summary, description=command.summary)
        _home_argument(child)
        command.configure(child)
        child.set_defaults(run=command.run)
    return parser


def _home_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--home", metavar="DIR", default=argparse.SUPPRESS, help="the home folder (or LEX7_HOME)"
    )


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON (schema in docs/spec)")


def _as_of(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--as-of", metavar="DATE", help="evaluate as of this day, YYYY-MM-DD; default: today"
    )


def _init(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--currency", metavar="CODE", default="USD", help="ISO 4217, default USD")
    parser.add_argument("--time-zone", metavar="ZONE", help="IANA name; default: this system's")
    parser.add_argument("--device", metavar="NAME", default="", help="name of this device")
    parser.add_argument(
        "--directives", metavar="FILE", help="start from this directives.toml, not the starter"
    )


def _sample(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", metavar="DIR", help="an empty or new folder")
    parser.add_argument("--seed", type=int, default=7, help="which person, default 7")
    parser.add_argument("--months", type=int, default=18, help="months of files, default 18")


def _ingest(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", metavar="FILE", nargs="*", help="exports: zip, xml, ofx, qfx, csv")
    parser.add_argument("--profile", metavar="NAME", help="the bank CSV profile to read with")
    parser.add_argument("--dry-run", action="store_true", help="read and report, write nothing")
    parser.add_argument("--undo", metavar="IMPORT_ID", help="take one import back")
    parser.add_argument("--list", action="store_true", help="list the imports in force")
    parser.add_argument("--as-of", metavar="DATE", help="fit models as of this day; default: today")
    _json(parser)


def _categorise(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    actions.add_parser("list", help="the rules in order, and what each one matches")
    add = actions.add_parser("add", help="add a rule before the others")
    add.add_argument("pattern", metavar="PATTERN", help="words of the payee, * matches anything")
    add.add_argument("category", metavar="CATEGORY", help="for example groceries")
    test = actions.add_parser("test", help="show what a payee would be filed under")
    test.add_argument("payee", metavar="PAYEE")
    _json(parser)


def _directives(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, summary in (
        ("check", "read directives.toml and name every mistake"),
        ("fmt", "lay directives.toml out in the one layout, comments kept"),
        ("test", "try the examples that stand beside the rules"),
    ):
        action = actions.add_parser(name, help=summary, description=summary)
        action.add_argument(
            "file", metavar="FILE", nargs="?", help="default: HOME/directives.toml; - is stdin"
        )
        if name == "fmt":
            action.add_argument("--check", action="store_true", help="write nothing, exit 1")
        else:
            _json(action)
    actions.add_parser("sign", help="sign directives.toml with the owner key")
    listed = actions.add_parser("list", help="the directives in force")
    listed.add_argument("--history", action="store_true", help="every version ever signed")
    _json(listed)
    explain = actions.add_parser("explain", help="say in plain words what one directive means")
    explain.add_argument("id", metavar="ID")
    actions.add_parser("schema", help="print the JSON Schema of directives.toml")
    export = actions.add_parser("export", help="print the access rules for other tools")
    export.add_argument("file", metavar="FILE", nargs="?", help="default: HOME/directives.toml")
    which = export.add_mutually_exclusive_group(required=True)
    which.add_argument("--cedar", action="store_true", help="as Cedar policies")
    which.add_argument("--cedar-schema", action="store_true", help="the schema they need")


def _bench(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("subject", choices=("lattice",), help="what to measure")
    _json(parser)


def _certificate(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = actions.add_parser("check", help="0: proven, 1: not proven, 2: not readable")
    check.add_argument("file", metavar="FILE", help="a certificate; - is standard input")
    _json(check)


def _status(parser: argparse.ArgumentParser) -> None:
    _json(parser)
    _as_of(parser)


def _propose(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "proposal",
        metavar="PROPOSAL",
        nargs="?",
        help='for example "amount=5000 USD category=home date=2027-03 move=amount,date,levers"',
    )
    parser.add_argument(
        "--only",
        metavar="LEVER",
        action="append",
        help="let only this lever or group of levers move; may be repeated",
    )
    parser.add_argument(
        "--wish",
        metavar="WISH",
        action="append",
        help='one of several: "name=couch amount=5900 USD category=home date=2027-03 worth=3"',
    )
    parser.add_argument("--wishes", metavar="FILE", help="a TOML or JSON file of [[wish]] tables")
    _json(parser)
    _as_of(parser)


def _whatif(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "change",
        metavar="CHANGE",
        nargs="+",
        help="runway.bound='7 mo', sleep-week.confidence=0.9, lever.eat-out='-100 USD', "
        "spend.food='-50 USD per month'",
    )
    _json(parser)
    _as_of(parser)


def _explain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="VERDICT_ID", nargs="?", help="default: the newest verdict")
    parser.add_argument("--check", action="store_true", help="verify the certificate, no solver")
    parser.add_argument("--certificate", metavar="FILE", help="write the certificate to a file")
    _json(parser)


def _log(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    show = actions.add_parser("show", help="the entries of a node's log")
    show.add_argument("node", metavar="NODE", nargs="?", help="vit, wth or mon; default: all")
    show.add_argument("--last", type=int, default=20, metavar="N", help="how many, default 20")
    actions.add_parser("verify", help="verify every entry and seal and name what is broken")


def _replay(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--verify", action="store_true", help="compare every sealed state hash")
    _json(parser)


def _read(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stream", metavar="STREAM", help="for example heart.rate or sleep.stage")
    parser.add_argument("--node", default="mon", help="the node that asks: vit, wth, mon")
    parser.add_argument("--last", type=int, default=5, metavar="N", help="days, default 5")


def _file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE")


def _passphrase(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--new-file", metavar="FILE", help="file with the new passphrase")
    parser.add_argument("--recover", action="store_true", help="unlock with the recovery code")


def _config(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("show", help="every setting, its value, and where it came from")


def _model(parser: argparse.ArgumentParser) -> None:
    from lex7.cli.model_arguments import model_arguments

    model_arguments(parser)


def _session(parser: argparse.ArgumentParser) -> None:
    from lex7.cli.model_arguments import session_arguments

    session_arguments(parser)


def _up(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--node", default="all", choices=("vit", "wth", "mon", "all"), help="default: all"
    )


def _none(parser: argparse.ArgumentParser) -> None:
    """Take no arguments."""


def _forks(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--heal", metavar="NODE", help="let the copy that is here go on")
    _json(parser)


def _keys(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    rotate = actions.add_parser("rotate", help="seal what travels from now on under new keys")
    _json(rotate)


def _pair(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    invite = actions.add_parser("invite", help="show a code for three minutes and wait")
    invite.add_argument("--port", type=int, metavar="N", help="default: setting pairing_port")
    invite.add_argument("--reset", action="store_true", help="forget the count of wrong codes")
    join = actions.add_parser("join", help="make this home a member of the other one's lattice")
    join.add_argument("code", metavar="CODE", help="eight digits, or what the QR code says")
    join.add_argument("--endpoint", metavar="ENDPOINT", help="for example tcp/192.0.2.7:7446")
    join.add_argument("--device", metavar="NAME", default="", help="name of this device")


def _top(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--once", action="store_true", help="print once and end")


def _route(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("capability", metavar="CAPABILITY", help="council, range, follow.vit, ...")
    _json(parser)


def _evict(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("node", metavar="NODE", help="for example vit@phone")


def _sync(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--verify", action="store_true", help="compare the hash of every member")
    _json(parser)


COMMANDS = (
    Command("init", "make a home: keys, logs, starter directives", "init:run", _init),
    Command("sample", "write a synthetic person's files", "sample:run", _sample),
    Command("ingest", "read exports into the logs", "ingest:run", _ingest),
    Command("categorise", "payee to category rules", "categorise:run", _categorise),
    Command("directives", "check, sign and explain your rules", "directives:run", _directives),
    Command("status", "one line per directive", "status:run", _status),
    Command("record", "how past forecasts held", "record:run", _status),
    Command("propose", "ask whether a purchase fits your rules", "propose:run", _propose),
    Command("whatif", "what a change would change, and its price", "whatif:run", _whatif),
    Command("explain", "reason, binding rules, certificate", "explain:run", _explain),
    Command("certificate", "verify a certificate, no home", "certificate:run", _certificate),
    Command("log", "show or verify the logs", "log:run", _log),
    Command("replay", "fold the logs again from the start", "replay:run", _replay),
    Command("read", "ask a node for a stream; access rules decide", "read:run", _read),
    Command("backup", "write the whole home into one file", "backup:run_backup", _file),
    Command("restore", "make a home from a backup", "backup:run_restore", _file),
    Command("passphrase", "change the passphrase", "passphrase:run", _passphrase),
    Command("model", "convert, describe, measure and run a model", "model:run", _model),
    Command("session", "keep and resume model sessions", "model_session:run", _session),
    Command("config", "show the settings", "config:run", _config),
    Command("up", "run the nodes of this home", "lattice:run_up", _up),
    Command("down", "stop the nodes of this home", "lattice:run_down", _none),
    Command(
        "bench", "measure parts of this program here and now", "lattice_bench:run_bench", _bench
    ),
    Command("nodes", "who is in the lattice, and who is there", "lattice:run_nodes", _json),
    Command("top", "the nodes, again every second", "lattice:run_top", _top),
    Command("route", "who can be asked for something", "lattice:run_route", _route),
    Command("sync", "pull what is missing now", "lattice:run_sync", _sync),
    Command("forks", "logs that were written twice", "lattice:run_forks", _forks),
    Command("pair", "enrol another home with a code", "pair:run", _pair),
    Command("keys", "begin new epoch keys", "lattice:run_keys", _keys),
    Command("evict", "end a node's membership", "lattice:run_evict", _evict),
)

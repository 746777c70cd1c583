"""`lex7 propose`: a purchase against the rules."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lex7.base.errors import Lex7Error
from lex7.cli.config import config_of
from lex7.cli.session import Json, day_of_options, open_home, page_of, print_json


class QuestionError(Lex7Error):
    """The command line asks for nothing, or for two things at once."""

    code = "proposal.question"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)


def asked(options: argparse.Namespace) -> str:
    """Return the text of what is asked: one proposal, or wishes.

    Raises:
        QuestionError: nothing is asked, or two things, or the file cannot be read.
        ProposalError: the file holds no wishes.
    """
    from lex7.correct.wish import read_wish_file, spell_wishes

    wishes = tuple(options.wish or ())
    if options.wishes is not None:
        try:
            text = Path(options.wishes).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise QuestionError(f"cannot read {options.wishes}: {error}") from error
        wishes += read_wish_file(text)
    if options.proposal is not None and not wishes:
        only = f" only={','.join(options.only)}" if options.only else ""
        return str(options.proposal) + only
    if options.proposal is not None or not wishes:
        raise QuestionError("expected one PROPOSAL, or wishes with --wish or --wishes FILE")
    if options.only:
        raise QuestionError("--only is for a single proposal; wishes move no levers")
    return spell_wishes(tuple(" ".join(wish.split()) for wish in wishes))


def run(options: argparse.Namespace) -> int:
    """Judge a proposal and print the verdict; running nodes judge it, else the logs are opened."""
    from lex7.runtime.asking import ask_proposal, is_up

    config = config_of(options)
    if is_up(config):
        from lex7.storage.entropy import SystemEntropy

        answer = ask_proposal(config, asked(options), options.as_of, SystemEntropy())
    else:
        answer = _judge(options)
    if options.json:
        print_json(answer)
    else:
        from lex7.cli.report import render_proposals

        print(render_proposals([answer], page_of(sys.stdout)))
        print(f"Verdict {answer['id']}; `lex7 explain {answer['id']}` shows the certificate.")
        if not answer["in_force"]:
            print("It is not in force: not every node whose rules it touches has signed it.")
    return 0


def _judge(options: argparse.Namespace) -> Json:
    from lex7.runtime.propose import propose

    with open_home(options) as lattice:
        return propose(lattice, asked(options), day_of_options(options, lattice))

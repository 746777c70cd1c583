"""`lex7 model`: convert, describe, measure, draw and run Mamba-2 models."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lex7.cli.session import print_json

if TYPE_CHECKING:
    from lex7.cli.bench_row import Row
    from lex7.ssm import Generation, Grammar, Model, Sampler, Session


def run(options: argparse.Namespace) -> int:
    """Do what the action says."""
    actions = {
        "convert": _convert,
        "info": _info,
        "bench": _bench,
        "random": _random,
        "generate": _generate,
    }
    return actions[options.action](options)


def _convert(options: argparse.Namespace) -> int:
    from lex7.ssm import Extras, Model, convert

    paths = (options.adapter, options.error_head, options.tokenizer)
    extras = Extras(*(None if path is None else Path(path) for path in paths))
    convert(Path(options.folder), Path(options.out), quant=options.quant, extras=extras)
    return _report(Model.load(options.out).about(), as_json=options.json)


def _random(options: argparse.Namespace) -> int:
    from lex7.ssm import Model, published
    from lex7.ssm.convert import draw

    spec = published(options.shape)
    draw(Path(options.out), spec, quant=options.quant, seed=options.seed)
    return _report(Model.load(options.out).about(), as_json=options.json)


def _info(options: argparse.Namespace) -> int:
    from lex7.ssm import Model

    model = Model.load(options.file, verify=options.verify)
    verified = {"verified": "every byte" if options.verify else "the head"}
    return _report(model.about() | verified, as_json=options.json)


def _report(about: dict[str, object], *, as_json: bool) -> int:
    if as_json:
        print_json(about)
        return 0
    for name, value in about.items():
        spelled = f"{value:,}" if type(value) is int else str(value)
        print(f"{name.replace('_', ' '):<16} {spelled}")
    return 0


def _bench(options: argparse.Namespace) -> int:
    from dataclasses import asdict

    from lex7.cli.bench_row import Row
    from lex7.cli.model_bench import Plan, measure, minutes
    from lex7.ssm import Model
    from lex7.ssm.errors import ModelArgumentError

    for name, least in (("prefill", 2), ("rounds", 1)):
        if getattr(options, name) < least:
            got = str(getattr(options, name))
            raise ModelArgumentError(f"--{name}", f"at least {least}", got)
    model = Model.load(options.file)
    python = None if options.peers is None else Path(options.peers)
    plan = Plan(Path(options.file), python, options.prefill, options.rounds)
    print(f"This takes about {minutes(model, plan):.1f} minutes.", file=sys.stderr)
    rows: list[dict[str, object]] = []
    notes: list[str] = []
    if not options.json:
        print(f"{'work':<40} {'ours':>10} {'other':>10} {'ratio':>7} {'reach':>6}")
    for found in measure(model, plan):
        if not isinstance(found, Row):
            notes.append(found.text)
        elif options.json:
            rows.append(asdict(found))
        else:
            print(bench_line(found), flush=True)
    if python is None:
        notes.append("Other programs were not measured; --peers does.")
    if options.json:
        print_json({"file": options.file, "rows": rows, "notes": notes})
        return 0
    for note in notes:
        print(note)
    return 0


def bench_line(row: Row) -> str:
    """Spell a row of a benchmark."""
    reach = f"{row.reach:>6g}" if row.reach else "      "
    missed = "  missed" if row.ratio < row.reach else ""
    numbers = f"{row.value:>10,.4g} {row.peer_value:>10,.4g} {row.ratio:>7,.3g} {reach}"
    return f"{row.work:<40} {numbers}  {row.unit}, {row.peer}{missed}"


def _generate(options: argparse.Namespace) -> int:
    from lex7.ssm import Model

    model = Model.load(
        options.file,
        threads=options.threads,
        verify=options.verify,
        adapter=options.adapter,
        copied=options.copy,
    )
    session = model.session()
    session.feed(prompt_tokens(model, options))
    generation = start(session, options)
    return finish(generation, session, options)


def prompt_tokens(model: Model, options: argparse.Namespace) -> list[int]:
    """Return the tokens of the prompt that was given as text or as ids.

    Raises:
        ModelError: text without a tokenizer, or ids that are no numbers.
    """
    from lex7.ssm.errors import ModelArgumentError

    if options.tokens is not None:
        parts = options.tokens.replace(",", " ").split()
        if not all(part.isascii() and part.isdigit() and len(part) < 12 for part in parts):
            raise ModelArgumentError("--tokens", "numbers with commas", repr(options.tokens)[:60])
        return [int(part) for part in parts]
    if model.tokenizer is None:
        raise ModelArgumentError("--prompt", "--tokens, for a model without tokenizer", "text")
    return model.tokenizer.encode(options.prompt or "")


def sampler_of(options: argparse.Namespace) -> Sampler:
    """Return the sampler that the options describe."""
    from lex7.ssm import Sampler

    return Sampler(options.temperature, options.top_p, options.top_k, options.seed)


def grammar_of(options: argparse.Namespace) -> Grammar | None:
    """Return the grammar that the options name, if any."""
    from lex7.ssm import Grammar, Kind

    if options.regex is not None:
        return Grammar(Kind.REGEX, options.regex)
    if options.json_schema is not None:
        return Grammar(Kind.JSON_SCHEMA, Path(options.json_schema).read_text(encoding="utf-8"))
    if options.lark is not None:
        return Grammar(Kind.LARK, Path(options.lark).read_text(encoding="utf-8"))
    return None


def start(session: Session, options: argparse.Namespace) -> Generation:
    """Begin the generation that the options describe."""
    return session.generate(
        options.max_tokens,
        sampler=sampler_of(options),
        grammar=grammar_of(options),
        stop=tuple(options.stop or ()),
    )


def finish(generation: Generation, session: Session, options: argparse.Namespace) -> int:
    """Print a generation as it comes, or as one JSON object at its end."""
    try:
        if options.json:
            for _ in generation:
                pass
        elif session.model.tokenizer is None:
            for token in generation:
                print(token, end=" ", flush=True)
        else:
            for piece in generation.pieces():
                print(piece, end="", flush=True)
    except KeyboardInterrupt:
        generation.cancel()
    if options.json:
        print_json(
            {
                "text": generation.text.decode("utf-8", "replace"),
                "tokens": generation.tokens,
                "reason": None if generation.reason is None else str(generation.reason),
                "position": session.position,
                "hash": session.hash().hex(),
            }
        )
    else:
        print()
        reason = "cancelled" if generation.reason is None else str(generation.reason)
        note = f"{len(generation.tokens)} tokens, ended by {reason}"
        print(f"[{note}; state {session.hash().hex()[:16]}]", file=sys.stderr)
    return 0

"""`lex7 session`: model sessions in the home's encrypted storage."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from lex7.cli.config import config_of
from lex7.cli.model import finish, prompt_tokens, start
from lex7.cli.session import print_json

if TYPE_CHECKING:
    from lex7.runtime.sessions import Held


def run(options: argparse.Namespace) -> int:
    """Do what the action says."""
    actions = {"save": _save, "load": _load, "show": _show, "hash": _hash}
    return actions[options.action](options)


def _save(options: argparse.Namespace) -> int:
    """Begin a session or go on with a kept one, feed the prompt, and keep it."""
    from lex7.runtime.sessions import held, keep, open_sessions, read_snapshot_file, resume
    from lex7.ssm import Model

    with open_sessions(config_of(options)) as store:
        if options.import_file is not None:
            snapshot = read_snapshot_file(Path(options.import_file))
        else:
            snapshot = None
            if options.go_on:
                snapshot = held(store, options.name).snapshot
        if options.model is not None:
            model = Model.load(options.model, threads=options.threads)
            if snapshot is None:
                session = model.session()
            else:
                session = resume(options.name, snapshot, model)
            if options.prompt is not None or options.tokens is not None:
                session.feed(prompt_tokens(model, options))
            snapshot = session.snapshot()
        if snapshot is None:
            from lex7.ssm.errors import ModelArgumentError

            raise ModelArgumentError("--model", "a model file, or --import a snapshot", "neither")
        kept = keep(store, options.name, snapshot, ring=options.ring, packed=options.compress)
    return _print(kept, as_json=options.json)


def _load(options: argparse.Namespace) -> int:
    """Go on from a kept session: feed, generate, and perhaps keep or export it again."""
    from lex7.runtime.sessions import (
        allow_export,
        held,
        keep,
        open_sessions,
        resume,
        write_snapshot_file,
    )
    from lex7.ssm import Model

    if options.export is not None:
        allow_export(config_of(options))
    with open_sessions(config_of(options)) as store:
        kept = held(store, options.name, back=options.back)
        if options.model is None:
            if options.export is not None:
                write_snapshot_file(Path(options.export), kept.snapshot, packed=options.compress)
            return _print(kept, as_json=options.json)
        model = Model.load(options.model, threads=options.threads)
        session = resume(options.name, kept.snapshot, model)
        if options.prompt is not None or options.tokens is not None:
            session.feed(prompt_tokens(model, options))
        code = finish(start(session, options), session, options)
        if options.keep:
            keep(
                store, options.name, session.snapshot(), ring=options.ring, packed=options.compress
            )
        if options.export is not None:
            write_snapshot_file(Path(options.export), session.snapshot(), packed=options.compress)
    return code


def _show(options: argparse.Namespace) -> int:
    from lex7.runtime.sessions import held, open_sessions

    with open_sessions(config_of(options)) as store:
        names = store.names() if options.name is None else (options.name,)
        sessions = [held(store, name) for name in names]
    if options.json:
        print_json([session.as_json() for session in sessions])
        return 0
    for session in sessions:
        _print(session, as_json=False)
    if not sessions:
        print("No sessions are kept.")
    return 0


def _hash(options: argparse.Namespace) -> int:
    from lex7.runtime.sessions import held, open_sessions

    with open_sessions(config_of(options)) as store:
        kept = held(store, options.name, back=options.back)
    if options.json:
        print_json({"name": kept.name, "hash": kept.snapshot.hash.hex()})
    else:
        print(kept.snapshot.hash.hex())
    return 0


def _print(kept: Held, *, as_json: bool) -> int:
    if as_json:
        print_json(kept.as_json())
        return 0
    about = kept.as_json()
    print(
        f"{kept.name}: checkpoint {kept.number} ({kept.checkpoints} kept), "
        f"{about['tokens']:,} tokens, {kept.size:,} bytes, state {str(about['hash'])[:16]}, "
        f"model {str(about['model'])[:16]}"
    )
    return 0

"""The arguments of `lex7 model` and `lex7 session`."""

from __future__ import annotations

import argparse

SHAPES = ("130m", "370m", "780m", "1.3b", "2.7b")
QUANTS = ("q8", "q4", "f32")


def model_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe `lex7 model`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    convert = actions.add_parser("convert", help="make a model file from a checkpoint folder")
    convert.add_argument("folder", metavar="FOLDER", help="state-spaces or Hugging Face Mamba2")
    convert.add_argument("out", metavar="OUT", help="the model file to write")
    convert.add_argument("--adapter", metavar="FOLDER", help="merge this LoRA adapter (PEFT)")
    convert.add_argument("--error-head", metavar="FILE", help="add this error-state head")
    convert.add_argument("--tokenizer", metavar="FILE", help="a tokenizer.json; default: FOLDER's")
    _quant(convert)
    info = actions.add_parser("info", help="describe a model file or checkpoint")
    info.add_argument("file", metavar="FILE")
    info.add_argument("--verify", action="store_true", help="hash every byte, check every number")
    bench = actions.add_parser("bench", help="measure a model on this machine")
    bench.add_argument("file", metavar="FILE")
    bench.add_argument(
        "--peers",
        nargs="?",
        const=".peers/bin/python",
        metavar="PYTHON",
        help="also measure llama.cpp and transformers, which `make peers` installs",
    )
    bench.add_argument("--prefill", type=int, default=512, help="tokens of a prompt, default 512")
    bench.add_argument("--rounds", type=int, default=8, help="timings of each, default 8")
    random = actions.add_parser("random", help="make a model of random weights, no download")
    random.add_argument("out", metavar="OUT")
    random.add_argument("--shape", choices=SHAPES, default="130m", help="default 130m")
    random.add_argument("--seed", type=int, default=1, help="which weights, default 1")
    _quant(random)
    generate = actions.add_parser("generate", help="go on from a prompt")
    generate.add_argument("file", metavar="FILE")
    generate.add_argument("--verify", action="store_true", help="hash every byte first")
    generate.add_argument("--copy", action="store_true", help="read the file into memory, not map")
    generate.add_argument("--adapter", metavar="FOLDER", help="apply this LoRA adapter (PEFT)")
    _prompt(generate)
    _sampling(generate)
    _threads(generate)
    for action in (convert, info, bench, random, generate):
        _json(action)


def session_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe `lex7 session`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    save = actions.add_parser("save", help="feed a prompt and keep the session")
    save.add_argument("name", metavar="NAME")
    save.add_argument("--model", metavar="FILE", help="the model to feed")
    save.add_argument("--continue", dest="go_on", action="store_true", help="go on with NAME")
    save.add_argument("--import", dest="import_file", metavar="FILE", help="begin with a snapshot")
    load = actions.add_parser("load", help="go on from a kept session")
    load.add_argument("name", metavar="NAME")
    load.add_argument("--model", metavar="FILE", help="generate with this model")
    load.add_argument("--keep", action="store_true", help="keep what came of it")
    load.add_argument("--export", metavar="FILE", help="write the snapshot, unencrypted")
    _sampling(load)
    show = actions.add_parser("show", help="list sessions, or describe one")
    show.add_argument("name", metavar="NAME", nargs="?")
    named = actions.add_parser("hash", help="print the hash of a session's state")
    named.add_argument("name", metavar="NAME")
    for action in (load, named):
        action.add_argument(
            "--back", type=int, default=0, metavar="N", help="N checkpoints before the newest"
        )
    for action in (save, load):
        action.add_argument("--ring", type=int, default=4, help="checkpoints kept, default 4")
        action.add_argument("--compress", action="store_true", help="compress the snapshot")
        _prompt(action)
        _threads(action)
    for action in (save, load, show, named):
        _json(action)


def _quant(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quant", choices=QUANTS, default="q8", help="default q8")


def _prompt(parser: argparse.ArgumentParser) -> None:
    given = parser.add_mutually_exclusive_group()
    given.add_argument("--prompt", metavar="TEXT", help="text to feed")
    given.add_argument("--tokens", metavar="IDS", help="token ids to feed, with commas")


def _sampling(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--max-tokens", type=int, default=64, metavar="N", help="default 64")
    parser.add_argument("--temperature", type=float, default=0.0, help="default 0: greedy")
    parser.add_argument("--top-p", type=float, default=1.0, help="default 1: every token")
    parser.add_argument("--top-k", type=int, default=0, help="default 0: every token")
    parser.add_argument("--seed", type=int, default=0, help="of the choices, default 0")
    parser.add_argument("--stop", action="append", metavar="TEXT", help="ends the text; repeatable")
    grammar = parser.add_mutually_exclusive_group()
    grammar.add_argument("--regex", metavar="REGEX", help="the text must match")
    grammar.add_argument("--json-schema", metavar="FILE", help="the text must be such JSON")
    grammar.add_argument("--lark", metavar="FILE", help="the text must follow this Lark grammar")


def _threads(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--threads", type=int, default=1, help="default 1; no bit changes")


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")

"""The entry of the command line: every failure becomes one sentence and an exit code.

Exit codes: 0 done, 1 done with findings, 2 refused, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

from lex7.base.errors import Lex7Error
from lex7.cli.parser import build

EXIT_DONE = 0
EXIT_FINDINGS = 1
EXIT_REFUSED = 2
EXIT_INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    options = build().parse_args(arguments)
    module, function = options.run.split(":")
    try:
        command = getattr(import_module(f"lex7.cli.{module}"), function)
        code = int(command(options))
        sys.stdout.flush()
    except Lex7Error as refusal:
        print(f"lex7: {refusal}", file=sys.stderr)
        return EXIT_REFUSED
    except KeyboardInterrupt:
        print("lex7: interrupted; what was acknowledged is kept", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_DONE
    except OSError as refusal:
        place = refusal.filename if refusal.filename is not None else "the system"
        print(f"lex7: {place}: {refusal.strerror or refusal}", file=sys.stderr)
        return EXIT_REFUSED
    return code


if __name__ == "__main__":
    main()

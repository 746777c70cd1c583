#!/usr/bin/env bash
# Makes the working tree importable as an installed package: the compiled module beside the sources, a .pth
# file in the environment, and the `lex7` command.
set -euo pipefail
library=${CARGO_TARGET_DIR:-target}/release/lib_core
[ -f "$library.so" ] && built=$library.so || built=$library.dylib
cp "$built" python/lex7/.core.partial
mv python/lex7/.core.partial python/lex7/_core.abi3.so
site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
printf '%s\n' "$PWD/python" >"$site/lex7_source.pth"
cat >.venv/bin/lex7 <<TEXT
#!$PWD/.venv/bin/python
from lex7.cli.main import main

main()
TEXT
chmod +x .venv/bin/lex7

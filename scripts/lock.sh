#!/usr/bin/env bash
# Pins every Python dependency (with hashes) for Python 3.11 and later, and every crate.
set -euo pipefail
PATH="$PWD/.uv/bin:$PATH"
for group in dev bench; do
  uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-find-links --python-version 3.11 \
    pyproject.toml --group "$group" --output-file "requirements/$group.txt"
done
# Only the peers, not what lex7 itself needs: they live in an environment of their own.
uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-find-links --python-version 3.11 \
  --group pyproject.toml:peers --output-file requirements/peers.txt
cargo generate-lockfile

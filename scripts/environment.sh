#!/usr/bin/env bash
# Makes .venv from lock files with exact versions and hashes: environment.sh PYTHON LOCK...
set -euo pipefail
python=$1
shift
if ! command -v uv >/dev/null 2>&1; then
  [ -x .uv/bin/uv ] || { "$python" -m venv .uv && .uv/bin/pip install --quiet 'uv==0.13.9'; }
  PATH="$PWD/.uv/bin:$PATH"
fi
[ -x .venv/bin/python ] || uv venv --quiet --python "$python" .venv
arguments=()
for lock in "$@"; do arguments+=(--requirement "$lock"); done
uv pip install --quiet --python .venv/bin/python --require-hashes "${arguments[@]}"

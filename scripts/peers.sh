#!/usr/bin/env bash
# Makes .peers, the environment of the programs that `lex7 model bench --peers` compares with, from a lock
# file with exact versions and hashes. llama.cpp is compiled for this machine.
set -euo pipefail
python=$1
if ! command -v uv >/dev/null 2>&1; then
  [ -x .uv/bin/uv ] || { "$python" -m venv .uv && .uv/bin/pip install --quiet 'uv==0.13.9'; }
  PATH="$PWD/.uv/bin:$PATH"
fi
[ -x .peers/bin/python ] || uv venv --quiet --python "$python" .peers
CMAKE_ARGS="-DGGML_NATIVE=ON" uv pip install --quiet --python .peers/bin/python --require-hashes \
  --requirement requirements/peers.txt

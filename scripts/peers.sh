#!/usr/bin/env bash
# Makes .peers, the environment of the programs that `lex7 model bench --peers` compares with, from a lock
# file with exact versions and hashes. llama.cpp is compiled for this machine: 10 to 30 minutes, 3 GB of disk.
set -euo pipefail
python=$1
if ! command -v uv >/dev/null 2>&1; then
  [ -x .uv/bin/uv ] || { "$python" -m venv .uv && .uv/bin/pip install --quiet 'uv==0.13.9'; }
  PATH="$PWD/.uv/bin:$PATH"
fi
flags="-DGGML_NATIVE=ON"
if grep -qw amx_int8 /proc/cpuinfo 2>/dev/null; then
  # Its AMX products end the process in the first batch of this architecture (ADR 0123): everything else that
  # processors with AMX have is named instead, so that its repacked weights can be used.
  flags="-DGGML_NATIVE=OFF -DGGML_AVX512=ON -DGGML_AVX512_VNNI=ON -DGGML_AVX512_VBMI=ON -DGGML_AVX512_BF16=ON"
fi
[ -x .peers/bin/python ] || uv venv --quiet --python "$python" .peers
echo "Installing llama.cpp, torch and transformers into .peers; llama.cpp is compiled, 10 to 30 minutes." >&2
CMAKE_ARGS="$flags -DLLAVA_BUILD=OFF" uv pip install --quiet --python .peers/bin/python --require-hashes \
  --requirement requirements/peers.txt

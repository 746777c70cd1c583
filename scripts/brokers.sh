#!/usr/bin/env bash
# Installs the message brokers that bench/lattice.py stands beside (Debian and Ubuntu); nothing else needs them.
set -euo pipefail
apt-get update
apt-get install --yes --no-install-recommends mosquitto nats-server

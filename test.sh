#!/bin/sh
# Installs what is missing, builds with warnings as errors, runs every test.
set -eu
cd "$(dirname "$0")"
scripts/install-packages.sh
exec cmake --workflow --preset check

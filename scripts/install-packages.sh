#!/bin/sh
# Installs the Debian packages that building, testing and plotting need; does nothing when all are there.
# `install-packages.sh bench` also installs what the NumPy baseline of bench/performance.py needs, `install-packages.sh mpi`
# what `mpirun quenched sweep` needs, `install-packages.sh python` what the Python package needs, `install-packages.sh report`
# what `quenched report` and the test of its page need, `install-packages.sh docs` what the site of docs/ needs,
# `install-packages.sh checks` what fuzzing, coverage and cppcheck need.
set -eu

tools="g++ cmake ninja-build pkg-config make git ca-certificates"
libraries="libgsl-dev libeigen3-dev liblbfgspp-dev doctest-dev libcli11-dev nlohmann-json3-dev libtomlplusplus-dev
  libfmt-dev libsqlite3-dev libsqlitecpp-dev gnuplot-nox"

[ "${1:-}" = bench ] && libraries="$libraries python3-numpy python3-scipy libopenblas0-pthread"

[ "${1:-}" = mpi ] && libraries="$libraries libopenmpi-dev openmpi-bin"

[ "${1:-}" = python ] && libraries="$libraries pybind11-dev python3-dev python3-numpy python3-pytest"

[ "${1:-}" = docs ] && libraries="$libraries mkdocs-material python3-pymdownx libjs-katex"

[ "${1:-}" = checks ] && libraries="$libraries clang libclang-rt-14-dev gcovr cppcheck"

if [ "${1:-}" = report ]; then  # a Node.js from elsewhere brings its own npm, and Debian's conflicts with it
  libraries="$libraries chromium"
  command -v npm >/dev/null || libraries="$libraries nodejs npm"
fi

installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

missing=""
for package in $tools $libraries; do
  installed "$package" || missing="$missing $package"
done
# Any Boost from 1.74 on will do, and Debian's versions exclude each other: only when there are no headers at all.
[ -e /usr/include/boost/version.hpp ] || missing="$missing libboost-dev"
[ -z "$missing" ] && exit 0

echo "installing:$missing"
if [ "$(id -u)" -eq 0 ]; then root=""; else root="sudo"; fi
if [ -n "$root" ] && ! command -v sudo >/dev/null; then
  echo "run as root, or install sudo: apt-get install$missing" >&2
  exit 1
fi
$root apt-get update -qq
# shellcheck disable=SC2086  # the list is meant to be split
$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null

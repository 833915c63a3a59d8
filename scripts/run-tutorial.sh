#!/bin/sh
# Runs docs/tutorial.md with the package of a build folder (build/release): fails where an answer is not the one shown, and draws the
# tutorial's pictures into docs/.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "${1:-$root/build/release}" && pwd)
python=$(sed -n 's/^_\{0,1\}Python_EXECUTABLE:[^=]*=//p' "$build/CMakeCache.txt" | head -n 1)  # which the package was built for
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
PATH="$build/apps:$PATH" PYTHONPATH="$build/python" PYTHONDONTWRITEBYTECODE=1 "${python:-python3}" -m doctest "$root/docs/tutorial.md"
cp ./*.png "$root/docs/"

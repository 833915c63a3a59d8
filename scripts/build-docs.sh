#!/bin/sh
# Builds the documentation as a site for the browser that needs no network: build-docs.sh [FOLDER [BUILD]], build/docs by default.
# With the folder of a build with the Python package, it runs the tutorial there first, which draws its pictures.
# A broken link, or a file named that is not there, is an error. Packages: scripts/install-packages.sh docs.
set -eu
[ -z "${2:-}" ] || "$(dirname "$0")/run-tutorial.sh" "$2"
site=$(realpath -m "${1:-$(dirname "$0")/../build/docs}")
cd "$(dirname "$0")/docs"
mkdocs build --quiet --strict --site-dir "$site"
/usr/bin/python3 check.py "$site"
echo "$site/index.html"

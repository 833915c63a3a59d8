#!/bin/sh
# The finite-sample figure: test error against alpha of softmax ERM, linear ERM and Bayes-optimal learning, with
# simulated points (spiked, L = 3, nu = 1 and 2, Delta = 0.25, ridge 1, near its optimum there).
set -eu
cd "$(dirname "$0")"
scripts/install-packages.sh

echo "building (release) in build/demo"
mkdir -p build demo
cmake -S . -B build/demo -G Ninja -D CMAKE_BUILD_TYPE=Release -D QUENCHED_BUILD_TESTS=OFF \
  -D CMAKE_UNITY_BUILD=ON -D CMAKE_UNITY_BUILD_BATCH_SIZE=6 >build/demo.log
cmake --build build/demo --target quenched >>build/demo.log || { tail -n 40 build/demo.log >&2; exit 1; }
quenched=build/demo/apps/quenched

task="--task spiked --length 3 --signal 1,2 --noise 0.25"
erm="$task --ridge 1 --activation softmax,linear"
echo "theory and simulation"
# shellcheck disable=SC2086  # lists of flags
{
  $quenched bayes $task --alpha 0.5:20:16:log --output demo/bayes.json
  $quenched erm $erm --alpha 0.5:20:16:log --tolerance 1e-3 --output demo/erm.json
  $quenched simulate $erm --alpha 0.5,1,2,5,10,20 --dimension 500 --seeds 6 --output demo/simulate.json
}
$quenched plot demo/erm.json demo/bayes.json demo/simulate.json --panels signal --output demo/figure.png
echo "picture: $PWD/demo/figure.png"
echo "its data: $PWD/demo/figure.csv"
echo "records: $PWD/demo/erm.json $PWD/demo/bayes.json $PWD/demo/simulate.json"

#!/usr/bin/env bash
# Long tests, sized in hours: ./dev soak NAME [HOURS]. Without a name: which there are.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/valgrind.sh
name=${1:-} hours=${2:-2}
seconds=$(awk -v h="$hours" 'BEGIN { printf "%d", h * 3600 }')

compile() {
  mkdir -p build/log
  { cmake -S . -B "$1" -G Ninja -DVEILLEE_WERROR=ON "${@:2}" && ninja -C "$1" all tests; } \
    >build/log/soak-build 2>&1 || { tail -n 20 build/log/soak-build; exit 1; }
}

every_suite() { # every_suite FOLDER [WRAPPER...]: all unit suites, from the first again until the time is over
  local suites=0 bad=0 end=$((SECONDS + seconds)) test
  while [ $SECONDS -lt $end ]; do
    for test in "$1"/unit/test_*; do
      [ -x "$test" ] || continue
      [ $SECONDS -lt $end ] || break 2
      suites=$((suites + 1))
      "${@:2}" "$test" >build/log/soak-suite 2>&1 && continue
      bad=$((bad + 1))
      cp build/log/soak-suite "build/log/soak-${test##*/}"
      echo "failed: ${test##*/} (build/log/soak-${test##*/})"
    done
  done
  echo "$suites suites run, $bad failed"
  [ $bad -eq 0 ]
}

case $name in
  sim) # random worlds from seeds nobody has run
    compile build/gcc
    first=$((RANDOM * 32768 * 1000 + RANDOM * 1000)) log=build/log/soak-sim
    echo "seeds from $first on, $hours hours; failing seeds stand in $log too"
    build/gcc/tests/veillee-sim --jobs "$(nproc)" --seconds "$seconds" \
      --seeds "$first..$((first + 1000000000))" | tee "$log"
    [ "${PIPESTATUS[0]}" -eq 0 ] ;;
  membership) # random histories, model against engine
    compile build/gcc
    seed=$((RANDOM * 32768 + RANDOM)) end=$((SECONDS + seconds)) graphs=0
    export VEILLEE_BINARY=build/gcc/veillee
    while [ $SECONDS -lt $end ]; do
      node tests/model/compare.mjs $seed 500 40 || { echo "seed $seed disagrees"; exit 1; }
      seed=$((seed + 1)) graphs=$((graphs + 500))
    done
    echo "$graphs histories agree" ;;
  merge) # random histories, short and long, in shuffled orders, and all orders of short ones
    compile build/gcc
    seed=$((RANDOM * 32768 + RANDOM)) first=$seed end=$((SECONDS + seconds))
    while [ $SECONDS -lt $end ]; do
      VEILLEE_TEST_SEED=$seed build/gcc/unit/test_cell >build/log/soak-merge 2>&1 ||
        { tail -n 20 build/log/soak-merge; echo "from seed $seed on"; exit 1; }
      seed=$((seed + 200))
    done
    echo "$((seed - first)) histories from seed $first on, each in several orders: one state" ;;
  fuzz) # every target, one after the other, in equal shares
    compile build/sanitize -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug \
      -DVEILLEE_SANITIZE=ON -DVEILLEE_FUZZ=ON -DVEILLEE_WEAK_VAULT=ON
    targets=(build/sanitize/fuzz/fuzz_*) bad=0
    for target in "${targets[@]}"; do
      short=${target##*/fuzz_}
      mkdir -p "build/fuzz/$short"
      "$target" -max_total_time=$((seconds / ${#targets[@]})) -artifact_prefix="build/fuzz/crash-$short-" \
        "build/fuzz/$short" "tests/fuzz/corpus/$short" || bad=$((bad + 1))
    done
    echo "${#targets[@]} targets, $bad with findings"
    [ $bad -eq 0 ] ;;
  checkers) # in full under the sanitizers
    compile build/sanitize -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug \
      -DVEILLEE_SANITIZE=ON -DVEILLEE_FUZZ=ON -DVEILLEE_WEAK_VAULT=ON
    export UBSAN_OPTIONS=print_stacktrace=1 ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1
    every_suite build/sanitize ;;
  valgrind) # with those that `./dev test` leaves out there
    compile build/valgrind -DCMAKE_C_COMPILER=gcc -DVEILLEE_WEAK_VAULT=ON
    export VEILLEE_TEST_SCALE=small
    every_suite build/valgrind "${valgrind[@]}" ;;
  churn) # five real nodes that come and go
    compile build/gcc
    VEILLEE_BINARY=$PWD/build/gcc/veillee VEILLEE_BUILD=$PWD/build/gcc node tests/e2e/churn.mjs "$seconds" ;;
  *)
    echo "./dev soak sim [HOURS]         new random worlds in the simulator"
    echo "./dev soak membership [HOURS]  random histories, model against engine"
    echo "./dev soak merge [HOURS]       random histories of one cell, in shuffled orders"
    echo "./dev soak fuzz [HOURS]        every fuzz target"
    echo "./dev soak churn [HOURS]       five nodes that come and go: memory and descriptors stay flat"
    echo "./dev soak checkers [HOURS]    every unit suite in full under the sanitizers"
    echo "./dev soak valgrind [HOURS]    every unit suite under valgrind"
    [ -z "$name" ] ;;
esac

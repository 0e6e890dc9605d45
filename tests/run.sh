#!/usr/bin/env bash
# Runs every test, or those named: tests/run.sh [lint|unit|clang|sanitize|valgrind|sim|membership|fuzz|e2e|demo ...]
# Each suite's output goes to build/log/NAME; the last line counts all: N passed, N failed, N skipped.
set -u
cd "$(dirname "$0")/.." || exit 1
mkdir -p build/log
passed=0 failed=0 skipped=0 broken=()
wanted=("$@")

want() {
  [ ${#wanted[@]} -eq 0 ] && return 0
  local name
  for name in "${wanted[@]}"; do [ "$name" = "$1" ] && return 0; done
  return 1
}

note() { # note NAME PASSED FAILED SKIPPED SECONDS
  passed=$((passed + $2)) failed=$((failed + $3)) skipped=$((skipped + $4))
  printf '%-44s %5d passed %3d failed %3d skipped %5d s\n' "$1" "$2" "$3" "$4" "$5"
  [ "$3" -gt 0 ] && broken+=("$1")
  return 0
}

# The counts of a finished suite: cmocka's closing lines, else the last "N passed, N failed[, N skipped]".
count() { # count NAME LOG STATUS SECONDS
  local p=0 f=0 s=0 line
  if grep -q '\[  PASSED  \]' "$2"; then
    p=$(awk '/\[  PASSED  \] [0-9]+ test/ { n += $4 } END { print n + 0 }' "$2")
    f=$(awk '/\[  FAILED  \] [0-9]+ test/ { n += $4 } END { print n + 0 }' "$2")
    s=$(awk '/\[  SKIPPED \] [0-9]+ test/ { n += $4 } END { print n + 0 }' "$2")
  else
    line=$(grep -aE '^[0-9]+ passed, [0-9]+ failed' "$2" | tail -n 1)
    if [ -n "$line" ]; then
      p=$(sed -E 's/^([0-9]+) passed.*/\1/' <<<"$line")
      f=$(sed -E 's/.* ([0-9]+) failed.*/\1/' <<<"$line")
      s=$(sed -nE 's/.* ([0-9]+) skipped.*/\1/p' <<<"$line")
    elif [ "$3" -eq 0 ]; then p=1
    fi
  fi
  [ "$3" -ne 0 ] && [ "$f" -eq 0 ] && f=1
  note "$1" "$p" "$f" "${s:-0}" "$4"
  if [ "$3" -ne 0 ]; then tail -n 15 "$2" | sed 's/^/    /'; fi
}

suite() { # suite NAME SECONDS COMMAND...: runs it, bounded
  local name=$1 seconds=$2 log=build/log/${1//[\/ ]/-} begin=$SECONDS status=0
  shift 2
  timeout --kill-after=10 "$seconds" "$@" >"$log" 2>&1 </dev/null || status=$?
  [ "$status" -eq 124 ] && echo "over its time of $seconds s" >>"$log"
  count "$name" "$log" "$status" $((SECONDS - begin))
}

build() { # build FOLDER OPTIONS...: false (and counted) when it does not compile
  local folder=$1 log=build/log/build-${1##*/} launcher=() begin=$SECONDS
  shift
  command -v ccache >/dev/null && launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)
  if { cmake -S . -B "$folder" -G Ninja "${launcher[@]}" -DVEILLEE_WERROR=ON "$@" &&
       ninja -C "$folder" all tests; } >"$log" 2>&1; then
    note "compile $folder" 1 0 0 $((SECONDS - begin))
  else
    note "compile $folder" 0 1 0 $((SECONDS - begin))
    grep -E 'error:|FAILED' "$log" | head -n 10 | sed 's/^/    /'
    return 1
  fi
}

units() { # units LABEL FOLDER SECONDS [WRAPPER...]
  local label=$1 folder=$2 seconds=$3 test
  shift 3
  for test in "$folder"/unit/test_*; do
    [ -x "$test" ] && suite "$label ${test##*/}" "$seconds" "$@" "$test"
  done
}

build build/gcc -DCMAKE_C_COMPILER=gcc || true
want lint && suite lint 120 tests/lint.sh build/gcc
want unit && units unit build/gcc 300

if want clang || want sanitize || want fuzz; then
  build build/sanitize -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug -DVEILLEE_SANITIZE=ON \
    -DVEILLEE_FUZZ=ON -DVEILLEE_WEAK_VAULT=ON || true
fi
if want sanitize; then
  export UBSAN_OPTIONS=print_stacktrace=1 ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1
  units sanitize build/sanitize 600
  [ -x build/sanitize/tests/veillee-sim ] && suite 'sanitize simulator' 600 \
    build/sanitize/tests/veillee-sim --seeds 1..10
fi
if want valgrind && build build/valgrind -DCMAKE_C_COMPILER=gcc -DVEILLEE_WEAK_VAULT=ON; then
  VEILLEE_TEST_SCALE=small units valgrind build/valgrind 900 valgrind --quiet --error-exitcode=99 --leak-check=full \
    --errors-for-leak-kinds=definite,indirect,possible --child-silent-after-fork=yes \
    --suppressions=tests/valgrind.supp
fi
want sim && [ -x build/gcc/tests/veillee-sim ] &&
  suite 'simulator, 200 seeds' 600 build/gcc/tests/veillee-sim --seeds 1..200
want membership && [ -e tests/model/compare.mjs ] &&
  suite 'membership against the model' 600 env VEILLEE_BINARY=build/gcc/veillee \
    node tests/model/compare.mjs 1 2000 60 20
want membership && [ -e tests/model/compare.mjs ] &&
  suite 'membership, large histories' 600 env VEILLEE_BINARY=build/gcc/veillee \
    node tests/model/compare.mjs 2 20 1000 20
if want fuzz; then
  for target in build/sanitize/fuzz/fuzz_*; do
    [ -x "$target" ] || continue
    name=${target##*/} name=${name#fuzz_}
    mkdir -p "build/fuzz/$name" "tests/fuzz/corpus/$name"
    suite "fuzz $name" 120 "$target" -max_total_time=10 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
      -artifact_prefix="build/fuzz/crash-$name-" "build/fuzz/$name" "tests/fuzz/corpus/$name"
  done
fi
export VEILLEE_BINARY=$PWD/build/gcc/veillee VEILLEE_BUILD=$PWD/build/gcc
if want e2e; then
  for script in tests/e2e/*.mjs; do
    [ "$script" = tests/e2e/demo.mjs ] || suite "e2e ${script##*/}" 900 node "$script"
  done
fi
if want demo; then
  suite 'demonstration' 300 node tests/e2e/demo.mjs
  if [ -d ../shared/data/minutes ]; then
    suite 'demonstration, 154 minutes' 600 node tests/e2e/demo.mjs --minutes ../shared/data/minutes
  else
    note 'demonstration, 154 minutes (no ../shared)' 0 0 1 0
  fi
fi

for name in "${broken[@]}"; do echo "failed: $name (build/log/${name//[\/ ]/-})"; done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]

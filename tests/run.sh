#!/usr/bin/env bash
# Runs every test, or those groups that are named: tests/run.sh [GROUP...]   (tests/run.sh --list)
#
# A suite is one line below, in a group:
#   beside NAME SECONDS COMMAND...   computes only: as many of these run at one time as there are
#                                    processors (or JOBS)
#   paired NAME SECONDS COMMAND...   waits for a network or a browser, and measures no time closely:
#                                    two of these run at one time, after those
#   alone  NAME SECONDS COMMAND...   measures time, or what is on a wire: nothing else runs meanwhile
# Its output goes to build/log/NAME; its counts are read from that (see count). A suite that runs
# over its SECONDS fails. Suites are told of in the order of the lines, kind by kind; the last
# line counts all: N passed, N failed, N skipped.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/valgrind.sh
mkdir -p build/log
groups='lint unit clang sanitize valgrind sim mutants membership coverage fuzz e2e page demo'
jobs=${JOBS:-$(nproc)}
passed=0 failed=0 skipped=0 broken=()
queue=() pairs=() lonely=() # of suites: their names, bounds and commands
declare -A bound command begun ended status

case ${1:-} in --list) tr ' ' '\n' <<<"$groups"; exit ;; esac
for name in "$@"; do
  [[ " $groups " == *" $name "* ]] ||
    { echo "tests/run.sh: there is no group '$name' ($groups)"; exit 2; }
done
wanted=" ${*:-$groups} "
want() { [[ $wanted == *" $1 "* ]]; }

# ---- counting -------------------------------------------------------------------------------------

note() { # note NAME PASSED FAILED SKIPPED SECONDS
  passed=$((passed + $2)) failed=$((failed + $3)) skipped=$((skipped + $4))
  printf '%-44s %5d passed %3d failed %3d skipped %5d s\n' "$1" "$2" "$3" "$4" "$5"
  [ "$3" -gt 0 ] && broken+=("$1")
  return 0
}

log_of() { echo "build/log/${1//[\/ ]/-}"; }

# The counts of a finished suite: cmocka's closing lines, else the last "N passed, N failed[, N skipped]".
# One that says neither is one test, which passed if it ended well.
count() { # count NAME
  local log p=0 f=0 s=0 line end=${status[$1]}
  log=$(log_of "$1")
  if grep -aq '\[  PASSED  \]' "$log"; then
    p=$(awk '/\[  PASSED  \] [0-9]+ test/ { n += $4 } END { print n + 0 }' "$log")
    f=$(awk '/\[  FAILED  \] [0-9]+ test/ { n += $4 } END { print n + 0 }' "$log")
    s=$(awk '/\[  SKIPPED \] [0-9]+ test/ { n += $4 } END { print n + 0 }' "$log")
  else
    line=$(grep -aE '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1)
    if [ -n "$line" ]; then
      p=$(sed -E 's/^([0-9]+) passed.*/\1/' <<<"$line")
      f=$(sed -E 's/.* ([0-9]+) failed.*/\1/' <<<"$line")
      s=$(sed -nE 's/.* ([0-9]+) skipped.*/\1/p' <<<"$line")
    elif [ "$end" -eq 0 ]; then p=1
    fi
  fi
  [ "$end" -eq 124 ] && echo "over its time of ${bound[$1]} s" >>"$log"
  [ "$end" -ne 0 ] && [ "$f" -eq 0 ] && f=1
  note "$1" "$p" "$f" "${s:-0}" $((ended[$1] - begun[$1]))
  if [ "$end" -ne 0 ]; then reasons "$log" | cut -c 1-300 | sed 's/^/    /'; fi
}

# What failed, wherever it stands (the log may be on a machine that is gone), then how it ended.
reasons() { # reasons LOG
  grep -aE -A 6 '^FAIL |^\[ +(ERROR|FAILED) +\] |(runtime error|ERROR: [A-Za-z]+Sanitizer):|^==[0-9]+== [A-Z]' "$1" | head -n 60
  echo '...'
  tail -n 15 "$1"
}

# ---- running --------------------------------------------------------------------------------------

add() { # add NAME SECONDS COMMAND...
  bound[$1]=$2
  printf -v command["$1"] '%q ' "${@:3}"
}
beside() { queue+=("$1"); add "$@"; }
paired() { pairs+=("$1"); add "$@"; }
alone() { lonely+=("$1"); add "$@"; }

declare -A running=() # process to suite
start() { # start NAME
  begun[$1]=$SECONDS
  # A background process has SIGINT ignored, and tests have programs that are ended by it.
  eval "env --default-signal=INT,QUIT timeout --kill-after=10 ${bound[$1]} ${command[$1]}" >"$(log_of "$1")" 2>&1 </dev/null &
  running[$!]=$1
}

reap() { # waits until a suite ends
  local process='' end=0 name
  wait -n -p process "${!running[@]}" || end=$?
  name=${running[$process]}
  unset "running[$process]"
  status[$name]=$end ended[$name]=$SECONDS
}

run_all() { # run_all JOBS NAME...: tells of each as soon as those before it are told
  local most=$1 name told=0
  shift
  local names=("$@")
  for name in "${names[@]}"; do
    while [ ${#running[@]} -ge "$most" ]; do reap; tell; done
    start "$name"
  done
  while [ ${#running[@]} -gt 0 ]; do reap; tell; done
}
tell() { # (of run_all)
  while [ "$told" -lt ${#names[@]} ] && [ -n "${ended[${names[$told]}]:-}" ]; do
    count "${names[$told]}"
    told=$((told + 1))
  done
}

stop() { # interrupted: so are the suites, by their own process groups
  for process in "${!running[@]}"; do kill -TERM "$process" 2>/dev/null; done
  wait
  echo "$passed passed, $((failed + 1)) failed, $skipped skipped (interrupted)"
  exit 130
}
trap stop INT TERM

build() { # build FOLDER TARGETS OPTIONS...: false (and counted) when it does not compile
  local folder=$1 targets=$2 log=build/log/build-${1##*/} launcher=() begin=$SECONDS
  shift 2
  # Most objects for valgrind are those of the first build.
  command -v ccache >/dev/null && launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)
  export CCACHE_NOHASHDIR=1
  # shellcheck disable=SC2086
  if { cmake -S . -B "$folder" -G Ninja "${launcher[@]}" -DVEILLEE_WERROR=ON "$@" &&
       ninja -C "$folder" $targets; } >"$log" 2>&1; then
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
    [ "$label" = valgrind ] && in_soak_alone "${test##*/}" && continue
    [ -x "$test" ] && beside "$label ${test##*/}" "$seconds" "$@" "$test"
  done
}

# ---- the programs ---------------------------------------------------------------------------------

build build/gcc 'all tests' -DCMAKE_C_COMPILER=gcc || true
if want clang || want sanitize || want fuzz; then
  build build/sanitize 'all tests' -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug \
    -DVEILLEE_SANITIZE=ON -DVEILLEE_FUZZ=ON -DVEILLEE_WEAK_VAULT=ON || true
fi
if want valgrind; then
  build build/valgrind units -DCMAKE_C_COMPILER=gcc -DVEILLEE_WEAK_VAULT=ON || true
fi
export VEILLEE_BINARY=$PWD/build/gcc/veillee VEILLEE_BUILD=$PWD/build/gcc
export UBSAN_OPTIONS=print_stacktrace=1 ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1

# ---- the suites -----------------------------------------------------------------------------------

want lint && beside lint 600 tests/lint.sh build/gcc
want unit && units unit build/gcc 1200
want sim && beside 'simulator, 1,000 seeds' 1800 build/gcc/tests/veillee-sim --jobs 2 --seeds 1..1000
want mutants && beside 'mistakes are noticed' 1800 tests/mutants.sh build/gcc
want coverage && beside 'branch coverage' 1800 tests/coverage.sh
if want membership; then
  beside 'membership against the model' 1800 node tests/model/compare.mjs 1 2000 60 20
  beside 'membership, large histories' 1800 node tests/model/compare.mjs 2 20 1000 20
fi
# The checkers do a tenth of what is counted by the thousand: the unit group did all of it, and
# `./dev soak checkers` does it under the sanitizers. Valgrind is 30 times slower.
if want sanitize; then
  units sanitize build/sanitize 1200 env VEILLEE_TEST_SCALE=small
  beside 'sanitize simulator' 1800 build/sanitize/tests/veillee-sim --seeds 1..10
fi
want valgrind && units valgrind build/valgrind 1200 env VEILLEE_TEST_SCALE=small "${valgrind[@]}"
if want fuzz; then
  for target in build/sanitize/fuzz/fuzz_*; do
    [ -x "$target" ] || continue
    name=${target##*/fuzz_}
    mkdir -p "build/fuzz/$name" "tests/fuzz/corpus/$name"
    beside "fuzz $name" 120 "$target" -max_total_time=10 -timeout=10 -rss_limit_mb=2048 \
      -print_final_stats=1 -artifact_prefix="build/fuzz/crash-$name-" "build/fuzz/$name" "tests/fuzz/corpus/$name"
  done
fi
if want e2e; then
  for script in tests/e2e/*.mjs; do
    case ${script##*/} in
      demo.mjs|demo-page.mjs|screens.mjs) continue ;;
      agreement.mjs|bad-input.mjs|bundle.mjs|kill.mjs|noise-interop.mjs|rebuild.mjs|verifier.mjs) how=beside ;; # none reads a clock
      calendar.mjs|churn.mjs|closing.mjs|device.mjs|gate.mjs|multicast.mjs|node.mjs) how=paired ;;
      *) how=alone ;;
    esac
    $how "e2e ${script##*/}" 900 node "$script"
  done
fi
if want page; then
  for script in tests/e2e/page/*.mjs; do
    case ${script##*/} in
      page-catalogue.mjs|page-contrast.mjs|page-text.mjs) how=beside ;; # no browser
      page-events.mjs|page-leave.mjs|page-live.mjs) how=alone ;;
      *) how=paired ;;
    esac
    $how "page ${script##*/}" 1200 node "$script"
  done
fi
if want demo; then
  alone 'demonstration' 300 node tests/e2e/demo.mjs
  if [ -d ../shared/data/minutes ]; then
    alone 'demonstration, 154 minutes' 600 node tests/e2e/demo.mjs --minutes ../shared/data/minutes
  else
    note 'demonstration, 154 minutes (no ../shared)' 0 0 1 0
  fi
fi

run_all "$jobs" "${queue[@]}"
run_all 2 "${pairs[@]}"
run_all 1 "${lonely[@]}"

for name in "${broken[@]}"; do echo "failed: $name ($(log_of "$name"))"; done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]

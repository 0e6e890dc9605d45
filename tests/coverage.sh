#!/usr/bin/env bash
# Branch coverage of the code that decides who may do what: tests/coverage.sh [--missing]
# Builds with gcc's coverage in its own folder, runs the unit tests of the engine, some histories
# against the model and some seeds of the simulator, prints for each file the lines and branches
# taken; fails when a group has fewer than 95 % of its branches taken.
# --missing lists every branch that was not taken (+ taken, - not, in gcov's order).
# Left out are the lines of assert() alone: what fails there ends the program. Failing allocations
# are not left out; they are made to fail (tests/support/failing_memory.h).
set -eu
cd "$(dirname "$0")/.."
folder=build/coverage log=build/coverage.log

# All of the engine but discovery, pairing, the channel (transport) and what cells are made of. New
# files of the replica and of sessions fall into entry and session by themselves.
groups() {
  local membership=(sync/membership.c sync/membership_{authority,graph,view,voiding}.c
    sync/replica_{member,count}.c sync/counting.c sync/grant_pool.c sync/index_list.c
    sync/bitset.c sync/bitset.h)
  local epoch=(sync/membership_epochs.c sync/replica_epoch.c sync/keys.c) entry=() file
  for file in sync/replica*.c; do
    case " ${membership[*]} ${epoch[*]} " in *" $file "*) ;; *) entry+=("$file") ;; esac
  done
  echo membership "${membership[@]}"
  echo epoch "${epoch[@]}"
  echo entry sync/{entry,blob,sealed,control,codec,bytes,sign,hash}.c sync/replica_internal.h \
    "${entry[@]}"
  echo session sync/session*.c sync/session_internal.h sync/bundle_{seal,read,write}.c
}

tests() {
  local source name
  for source in tests/unit/test_{bundle,codec,control,counting,engine,entry,fork,hash,incarnation,keys,member,replica,sealed,session}*.c; do
    name=${source##*/} name=${name%.c}
    [ -e "$source" ] && echo "$name"
  done
}

mkdir -p build
launcher=()
command -v ccache >/dev/null && launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)
mapfile -t names < <(tests)
{ cmake -S . -B "$folder" -G Ninja -DCMAKE_C_COMPILER=gcc "${launcher[@]}" -DVEILLEE_COVERAGE=ON &&
  ninja -C "$folder" "${names[@]}" veillee veillee-sim; } >"$log" 2>&1 || { tail -n 15 "$log"; exit 1; }
find "$folder" -name '*.gcda' -delete

take() { # take COMMAND...: it has to succeed
  "$@" >"$log" 2>&1 || { tail -n 15 "$log"; echo "failed: $*"; exit 1; }
}
for name in "${names[@]}"; do
  case $name in # where something fails at every place, every place counts
    *_memory | *_storage) take "$folder/unit/$name" ;;
    *) VEILLEE_TEST_SCALE=small take "$folder/unit/$name" ;;
  esac
done
VEILLEE_BINARY=$folder/veillee take node tests/model/compare.mjs 3 300 60 4
take "$folder/tests/veillee-sim" --seeds 1..15
groups | node tests/coverage.mjs "$folder" "$@"

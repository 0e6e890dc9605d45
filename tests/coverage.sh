#!/usr/bin/env bash
# Branch coverage of the code that decides who may do what: tests/coverage.sh [--missing]
# Builds with gcc's coverage in its own folder, runs the unit tests of the engine and some histories
# against the model, prints for each file the lines and branches taken; fails when a group has fewer
# than 95 % of its branches taken. Two minutes on two processors once it is built.
# --missing lists every branch that was not taken (+ taken, - not, in gcov's order).
# Left out are the lines of assert() alone: what fails there ends the program. Failing allocations
# are not left out; they are made to fail (tests/support/failing_memory.h).
set -eu
cd "$(dirname "$0")/.."
folder=build/coverage log=build/coverage.log jobs=${JOBS:-$(nproc)}

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

# Those in which something fails at every place take longest, and begin first.
tests() {
  local source name names
  names=$(for source in tests/unit/test_{author,bundle,cell_many,closed,codec,control,counting,crowd,entry,fork,hash,heads,incarnation,keys,late,log_limits,many,member,replica,sealed,session,wide}*.c; do
    name=${source##*/}
    echo "${name%.c}"
  done)
  grep -E '_(memory|storage)$' <<<"$names" | sort -r
  grep -vE '_(memory|storage)$' <<<"$names"
}

mkdir -p build
launcher=()
command -v ccache >/dev/null && launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)
mapfile -t names < <(tests)
{ cmake -S . -B "$folder" -G Ninja -DCMAKE_C_COMPILER=gcc "${launcher[@]}" -DVEILLEE_COVERAGE=ON &&
  ninja -C "$folder" "${names[@]}" veillee; } >"$log" 2>&1 || { tail -n 15 "$log"; exit 1; }
find "$folder" -name '*.gcda' -delete

run() { # run NAME: in an environment of its own
  case $1 in
    histories) VEILLEE_BINARY=$folder/veillee node tests/model/compare.mjs 3 300 60 4 ;;
    *_memory | *_storage) "$folder/unit/$1" ;; # every place counts
    *) VEILLEE_TEST_SCALE=small "$folder/unit/$1" ;;
  esac >"$folder/$1.log" 2>&1
}

declare -A running=() # process to name
reap() { # waits until one ends; it has to have succeeded
  local process='' end=0 name
  wait -n -p process "${!running[@]}" || end=$?
  name=${running[$process]}
  unset "running[$process]"
  [ "$end" -eq 0 ] || { tail -n 15 "$folder/$name.log"; echo "failed: $name"; exit 1; }
}
trap 'kill "${!running[@]}" 2>/dev/null || true' EXIT
for name in "${names[@]}" histories; do
  while [ ${#running[@]} -ge "$jobs" ]; do reap; done
  run "$name" &
  running[$!]=$name
done
while [ ${#running[@]} -gt 0 ]; do reap; done
groups | node tests/coverage.mjs "$folder" "$@"

#!/usr/bin/env bash
# Branch coverage of the code that decides who may do what: tests/coverage.sh [--missing]
# Builds with gcc's coverage in its own folder, runs the unit tests of the engine, some histories
# against the model and some seeds of the simulator, prints for each file the lines and branches taken; fails when a group has fewer than 95 % of its branches taken.
# --missing lists every branch that was not taken (+ taken, - not, in gcov's order).
# Left out are the lines of assert() alone: what fails there ends the program. Failing allocations
# are not left out; they are made to fail (tests/support/failing_memory.h).
set -eu
cd "$(dirname "$0")/.."
folder=build/coverage log=build/coverage.log

# All of the engine but discovery, pairing, the channel (transport) and the text of cells.
groups() {
  cat <<'LIST'
membership sync/membership.c sync/membership_authority.c sync/membership_graph.c sync/membership_view.c sync/membership_voiding.c sync/replica_member.c sync/replica_count.c sync/counting.c sync/grant_pool.c sync/index_list.c sync/bitset.c sync/bitset.h
epoch sync/membership_epochs.c sync/replica_epoch.c sync/keys.c
entry sync/entry.c sync/blob.c sync/sealed.c sync/control.c sync/codec.c sync/bytes.c sync/sign.c sync/hash.c sync/replica.c sync/replica_internal.h sync/replica_accept.c sync/replica_bare.c sync/replica_chain.c sync/replica_erase.c sync/replica_fork.c sync/replica_incarnation.c sync/replica_judge.c sync/replica_merge.c sync/replica_past.c sync/replica_proof.c sync/replica_reach.c sync/replica_read.c sync/replica_rows.c sync/replica_sealed.c sync/replica_verify.c sync/replica_write.c
session sync/session.c sync/session_internal.h sync/session_chunk.c sync/session_logs.c sync/session_messages.c sync/session_pending.c sync/session_proof.c sync/session_send.c sync/bundle_seal.c sync/bundle_read.c sync/bundle_write.c
LIST
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
for name in "${names[@]}"; do take "$folder/unit/$name"; done
VEILLEE_BINARY=$folder/veillee take node tests/model/compare.mjs 3 300 60 4
take "$folder/tests/veillee-sim" --seeds 1..15
groups | node tests/coverage.mjs "$folder" "$@"

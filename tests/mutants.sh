#!/usr/bin/env bash
# Takes out one defence of the engine at a time and demands that a test notices: tests/mutants.sh BUILD-FOLDER [NUMBER]
# The numbers are those of the mistakes that programs like this make:
#   1 writing under an epoch that a removed device holds    2 membership by order of arrival
#   3 backdated revenge                                     4 (author, number) as identity
#   5 a restored device uses a number again                 6 trusting clocks
#   7 lamport inflation                                     8 verification that depends on chunking
#   9 encodings that are not canonical                      10 no domain separation
#   11 an oracle for probing                                13 erasure that isn't
#   14 weak use of the PAKE                                 15 input without bounds
#   16 whose something is: asked only when it is read, or believed without authority
#   17 a forked log is done with: its mark, its live control entries, its blobs, its other branches
# A defence is a piece of a source file, written here as it stands there; without it the file is compiled
# again and linked before the library, into the simulator or a unit test. Nothing in sync/ knows of this.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-build/gcc} only=${2:-}
out=$build/mutants
seeds=100
[ -f "$build/build.ninja" ] || { echo "tests/mutants.sh: nothing is built in '$build'"; exit 2; }
killed=0 alive=0
mkdir -p "$out"

# compiled FOLDER/FILE: the file without its defence, as an object; false: see the log.
compiled() {
  local object=CMakeFiles/$1.o command
  case $1 in
    sync/*) object=CMakeFiles/veillee_engine.dir/$1.o ;;
    src/node/*) object=CMakeFiles/veillee_node.dir/$1.o ;;
  esac
  command=$(ninja -C "$build" -t commands "$object" | tail -n 1 |
    sed -E 's/ -MD -MT [^ ]+ -MF [^ ]+//; s/ -o [^ ]+ -c [^ ]+$//')
  (cd "$build" && $command -w -o mutants/mutant.o -c mutants/mutant.c)
}

# linked TARGET: build/gcc/mutants/test, with the object in place of the one in the library.
linked() {
  local command
  command=$(ninja -C "$build" -t commands "$1" | tail -n 1)
  command=${command#: && } command=${command% && :}
  (cd "$build" && ${command/ -o "$1" / -o mutants/test mutants/mutant.o })
}

# mutant NUMBER FILE WHERE: reads the defence, a line with -- and what stands in its place. WHERE: sim, or the unit
# test that must fail.
mutant() {
  local number=$1 file=$2 where=$3 text old new target log
  text=$(cat)
  old=${text%%$'\n'--*} new=${text#*$'\n'--} new=${new#$'\n'}
  [ -n "$only" ] && [ "$only" != "$number" ] && return
  log=$out/log
  local source whole
  source=$(cat "$file"; echo .) whole=${source//"$old"/"$new"}
  if [ "$whole" = "$source" ]; then
    echo "mistake $number: the defence is not found in $file any more: $old"
    alive=$((alive + 1))
    return
  fi
  printf '%s' "${whole%.}" >"$out/mutant.c"
  target=tests/veillee-sim
  [ "$where" = sim ] || target=unit/$where
  if ! { compiled "$file" && linked "$target"; } >"$log" 2>&1; then
    echo "mistake $number: $file cannot be built without its defence"; tail -n 5 "$log"
    alive=$((alive + 1))
    return
  fi
  local begin=$SECONDS status=0
  if [ "$where" = sim ]; then
    timeout 120 "$out/test" --no-kept --stop --seeds "1..$seeds" >"$log" 2>&1 || status=$?
  else
    timeout 120 "$out/test" >"$log" 2>&1 || status=$?
  fi
  local how
  how=$(grep -aE '^seed .* failed|\[  FAILED  \] [a-z]' "$log" | head -n 1 | sed -E 's/ \(add it.*//; s/.*FAILED  \] /fails: /')
  if [ "$status" -ne 0 ] && [ "$status" -ne 124 ]; then
    printf 'mistake %-2s %-26s %-26s %3d s  %s\n' "$number" "${file#*/}" "$where" $((SECONDS - begin)) "${how:-it dies}"
    killed=$((killed + 1))
  else
    printf 'mistake %-2s %-26s %-26s %3d s  NOT NOTICED without: %s\n' "$number" "${file#*/}" "$where" $((SECONDS - begin)) \
      "${old%%$'\n'*}"
    alive=$((alive + 1))
  fi
}

ninja -C "$build" tests/veillee-sim >"$out/log" 2>&1 || { tail -n 5 "$out/log"; exit 1; }

mutant 1 sync/membership_epochs.c sim <<'C'
    if (!vl_bitset_covers(&epoch->known, &view->ends) || !knows_pairs(view, epoch)) return false;
    vl_bitset_empty(holders);
    vl_bitset_put(holders, epoch->device);
    put_recipients(epoch, holders);
    for (size_t i = 0; i < epoch->seals.count; i++)
        if (vl_bitset_has(&view->closure, epoch->seals.at[i]))
            put_recipients(g->nodes[epoch->seals.at[i]], holders);
    return vl_bitset_equal(holders, &view->current);
--
    vl_bitset_empty(holders);
    vl_bitset_put(holders, epoch->device);
    put_recipients(epoch, holders);
    for (size_t i = 0; i < epoch->seals.count; i++)
        put_recipients(g->nodes[epoch->seals.at[i]], holders);
    return vl_bitset_covers(holders, &view->current);
C
mutant 1 sync/membership_epochs.c test_membership_state <<'C'
    if (!vl_bitset_covers(&epoch->known, &view->ends) || !knows_pairs(view, epoch)) return false;
--
C
mutant 1 sync/membership_epochs.c test_membership_state <<'C'
    if (!vl_bitset_has(&view->closure, entry)) return false;
--
C
mutant 1 sync/membership_epochs.c test_membership_state <<'C'
        if (vl_bitset_has(&view->closure, epoch->seals.at[i]))
            put_recipients(
--
            put_recipients(
C
mutant 2 sync/membership.c sim <<'C'
    vl_result result = view_of(m, &node->past, &past);
--
    vl_result result = vl_membership_settle(m);
    past = &m->whole;
C
mutant 3 sync/membership_voiding.c test_membership <<'C'
        if (is_cut(g, pair, entry)) vl_bitset_put(&pair->cut, entry);
--
C
mutant 4 sync/replica_accept.c test_fork <<'C'
        vl_result result = branch_place(r, &run->ids[run->known], &chain, &seq);
        if (result == VL_ERR_MISSING) break;
        VL_TRY(result);
        *spot = (struct spot){.chain = chain, .seq = seq};
--
        vl_result result = VL_ERR_MISSING;
        struct vl_id id;
        chain = root->row.index, seq = run->first_seq + run->known;
        if (seq <= root->row.tip_seq) result = rows_id(r, chain, seq, &id);
        if (result == VL_ERR_MISSING) break;
        VL_TRY(result);
        *spot = (struct spot){.chain = chain, .seq = seq};
C
mutant 5 sync/replica_incarnation.c sim <<'C'
        own->row.flags &= ~VL_LOG_OWN;
--
        break;
C
mutant 5 sync/replica_incarnation.c test_incarnation <<'C'
            return vl_replica_new_incarnation(r);
--
            return VL_OK;
C
mutant 6 sync/replica_judge.c sim <<'C'
header->lamport != parents_lamport(&parents)
--
(header->lamport != parents_lamport(&parents) || header->wall.ms < 1767225600000)
C
mutant 7 sync/replica_judge.c sim <<'C'
    if (result == VL_OK && header->lamport != parents_lamport(&parents)) result = VL_ERR_LAMPORT;
--
C
mutant 8 sync/replica_accept.c sim <<'C'
    while (end > run->known && !signed_well(run, end - 1))
        end--;
--
    if (end > run->known && !signed_well(run, end - 1)) end = run->known;
C
mutant 8 sync/replica_accept.c sim <<'C'
        run->signatures[i] = result == VL_OK ? SIGNATURE_GOOD : SIGNATURE_BAD;
--
        run->signatures[i] = SIGNATURE_GOOD;
C
mutant 9 sync/codec.c sim <<'C'
|| (is_last && byte == 0 && i > 0)) {
--
) {
C
mutant 9 sync/codec.c sim <<'C'
    if (r->result == VL_OK && r->at < r->input.size) r->result = VL_ERR_TRAILING;
--
C
mutant 10 sync/blob.c sim <<'C'
    return at + 104;
--
    return at;
C
mutant 10 sync/keys.c sim <<'C'
vl_bytes(circle->bytes, 32), vl_bytes(person->bytes, 32),
--
vl_bytes(person->bytes, 32), vl_bytes(person->bytes, 32),
C
mutant 10 sync/sign.c test_protocol_example <<'C'
    memcpy(message, text, at);
--
    memset(message, 0, at);
C
mutant 11 sync/channel.c test_channel <<'C'
    if (seen == VL_ERR_REPLAY || seen == VL_ERR_LIMIT) return VL_ERR_HANDSHAKE;
--
    if (seen == VL_ERR_REPLAY) return put_message(c, PAYLOAD_BYTES);
C
mutant 15 sync/replica_reading.c test_member_flood <<'C'
    return vl_id_equal(&key->person, &keys->me) || of_one_before(keys, at) < KEYS_OF_ONE;
--
    return true;
C
mutant 13 sync/replica_erase.c test_replica_erase <<'C'
    if (tombstone != NULL) {
--
    if (false) {
C
mutant 3 sync/membership.c test_replica_erase <<'C'
    if (result == VL_OK && !vl_bitset_covers(&node->past, &both)) {
--
    if (false) {
C
mutant 13 sync/replica_erase.c sim <<'C'
    return r->storage.entry_erase(r->storage.self, &row->id,
--
    return r->storage.entry_flags(r->storage.self, &row->id,
C
mutant 13 sync/replica_erase.c test_replica_remake <<'C'
    if ((row->flags & VL_ENTRY_MERGED) != 0) VL_TRY(merge_undo(r, row));
--
    ;
C
mutant 14 sync/cpace.c test_cpace <<'C'
    if (sodium_is_zero(point, CPACE_POINT_BYTES) ||
        crypto_scalarmult_ristretto255(shared, scalar, point) != 0 ||
        sodium_is_zero(shared, CPACE_POINT_BYTES)) {
--
    (void)crypto_scalarmult_ristretto255(shared, scalar, point);
    if (false) {
C
mutant 14 sync/pairing_proof.c test_pairing <<'C'
    if (memcmp(p->own.point, p->peer.point, CPACE_POINT_BYTES) == 0) return VL_ERR_HANDSHAKE;
--
C
mutant 14 sync/pairing_proof.c test_pairing <<'C'
    return same ? VL_OK : VL_ERR_CODE;
--
    return VL_OK;
C
mutant 14 src/node/invitation.c test_invitation <<'C'
    if (i->tries_left > 0) i->tries_left--;
--
C
mutant 15 sync/session_pending.c sim <<'C'
    return pending->entries + (c->count - c->done) <= pending->max_entries &&
           pending->bytes + chunk_size(c) <= VL_PENDING_BYTES_MAX;
--
    return true;
C
mutant 15 sync/replica_proof.c test_session_hostile <<'C'
    if (p->entries == VL_PROOF_ENTRIES_MAX || size > p->max_bytes - p->bytes) {
--
    if (size > VL_PROOF_BYTES_MAX - p->bytes) {
C
mutant 15 sync/replica_accept.c test_replica_limits <<'C'
        if (i < VL_CHUNK_ENTRIES_MAX && bytes <= VL_CHUNK_BYTES_MAX)
--
        if (i < VL_CHUNK_ENTRIES_MAX)
C
mutant 16 sync/replica_merge.c test_ownership <<'C'
        if (r->may_write != NULL && !r->may_write(&r->circle, operation, &author)) continue;
--
C
mutant 16 sync/replica_member.c test_author <<'C'
        if (!one->has_authority) continue;
--
C
mutant 16 sync/replica_member.c test_author <<'C'
    if (result != VL_OK || state.person.size == 0) out->person = (struct vl_id){{0}};
--
C

mutant 17 sync/replica_count.c test_closed_control <<'C'
    vl_result result = count_live_control(r, chain, out);
--
    vl_result result = VL_ERR_NOT_FOUND;
    *out = NULL;
C
mutant 17 sync/replica_count.c test_closed_control <<'C'
    if (row_is_empty(row) || chain->live <= row->first_seq) return VL_ERR_NOT_FOUND;
    if (chain->live <= row->tip_seq) VL_TRY(rows_id(r, row->index, chain->live - 1, &id));
    VL_TRY(replica_past_here(r, &id, &past));
--
    if (chain->control == 0 || chain->control > chain->live) return VL_ERR_NOT_FOUND;
    VL_TRY(rows_id(r, row->index, chain->control - 1, &id));
    VL_TRY(replica_past_here(r, &id, &past));
C
mutant 17 sync/replica_count.c test_closed_control <<'C'
    if (result == VL_OK && (*out)->seq >= row->kept) return VL_OK;
--
C
mutant 17 sync/replica_chain.c test_closed_log <<'C'
chain->row.flags & (VL_LOG_CROWDED | VL_LOG_FORKED | VL_LOG_FIRST);
--
chain->row.flags & VL_LOG_CROWDED;
C
mutant 17 sync/session_pending.c test_closed_log <<'C'
    if (is_beside(log, &header)) return VL_OK;
--
C
mutant 17 sync/session_pending.c test_closed_log <<'C'
    if (is_next(log, c)) return false;
--
C
mutant 17 sync/session_pending.c test_closed_log <<'C'
    return is_next(log, c) && log->pass_runs < OPEN_RUNS_MAX;
--
    return false;
C
mutant 17 sync/replica_bare.c test_closed_log <<'C'
        if (parent->bare > 0 && parent->bare <= chain->row.first_seq) return true;
--
C
mutant 17 sync/session_branches.c test_fork <<'C'
        count += !goes_on(branches, branch);
--
        count += of->is_crowded || !goes_on(branches, branch);
C
mutant 17 sync/session_forks.c test_session_forks_memory <<'C'
    return known ? VL_OK : keep(&s->forks, &log, proof);
--
    return VL_OK;
C
mutant 17 sync/session.c test_session_forks_memory <<'C'
    return session_learn_forks(s);
--
    return VL_OK;
C
mutant 15 sync/session_forks.c test_session_forks_memory <<'C'
    if (forks->count == VL_FORKS_WAITING_MAX) return VL_OK;
--
C
mutant 17 sync/replica_links.c test_closed_control <<'C'
    if (few) return VL_OK;
    parents_finish(parents);
--
    return VL_OK;
C
mutant 17 sync/replica_links.c test_closed_control <<'C'
    if (spares && kind == VL_ENTRY_CONTROL) VL_TRY(collect_ends(r, own, chain, out));
--
C
mutant 17 sync/replica_live.c test_closed_log <<'C'
    vl_result result = r->closed_count > 0 ? live_once(r, once) : VL_OK;
--
    vl_result result = VL_OK;
C
mutant 17 sync/replica_accept.c test_closed_log <<'C'
            if (row->kept != past->seq || shows_control(past, prev)) r->relearn = true;
--
C
mutant 17 sync/replica_branch.c test_closed_cut <<'C'
    return replica_signed_before(r, index, low, &keep[index]);
--
    keep[index] = low;
    return VL_OK;
C
mutant 17 sync/replica_chain.c test_crowd <<'C'
    if (begins || (chain->row.flags & (VL_LOG_FORKED | VL_LOG_CROWDED)) == VL_LOG_FORKED)
--
    if (begins)
C
mutant 17 sync/replica_fork.c test_crowd <<'C'
        if (chain->row.kept < end) chain->row.kept = end;
--
        if (chain->row.kept == 0) chain->row.kept = end;
C
mutant 17 sync/replica_fork.c test_crowd <<'C'
    uint64_t end = chain_last_split(r, chain) + VL_SHOWN_ENTRIES;
--
    uint64_t end = chain->row.first_seq + VL_SHOWN_ENTRIES;
C
mutant 17 sync/session_branches.c test_crowd <<'C'
    if (is->is_crowded) return last_split(branches, is);
--
    if (is->is_crowded) return is->first_seq;
C
mutant 17 sync/replica_write.c test_crowd <<'C'
        if (*out != NULL) VL_TRY(is_grounded(r, *out, &grounded));
--
        grounded = *out != NULL;
C
mutant 17 sync/replica_merge.c test_closed_seal <<'C'
    if (epoch_is_past(r, header)) result = open_entry(r, header, id, blob, &body);
--
    result = open_entry(r, header, id, blob, &body);
C
mutant 17 sync/replica_accept.c test_closed_seal <<'C'
    bool counts = count_next(r, place, header->seq) && (is_control || epoch_is_past(r, header));
--
    bool counts = count_next(r, place, header->seq);
C
mutant 17 sync/replica_epoch.c test_closed_seal <<'C'
    if (epoch == NULL || !is_past(r, entry->header, &epoch->entry)) return VL_OK;
--
    if (epoch == NULL) return VL_OK;
C
mutant 17 sync/replica_live.c test_closed_seal <<'C'
    vl_result result = r->closed_count > 0 ? live_once(r, once) : VL_OK;
--
    vl_result result = r->closed_count > 0 ? live_kept(r, once) : VL_OK;
C
mutant 17 sync/replica_links.c test_wide_past <<'C'
            left->count += *below != NULL;
--
            past_unref(*below);
            *below = NULL;
C
mutant 17 sync/replica_live.c test_closed_control <<'C'
    return member_is_current(r, r->keys->card.sign) ? VL_OK : cite_others(r);
--
    return VL_OK;
C
mutant 17 sync/replica_live.c test_closed_control <<'C'
    if (member_is_current(r, r->keys->card.sign)) return VL_OK;
--
C
mutant 17 sync/session_send.c test_late_blob <<'C'
    if ((s->reask || session_wants_blobs(s)) && !s->round_open) {
--
    if (s->reask && !s->round_open) {
C
mutant 17 sync/session_whole.c test_late_blob <<'C'
        log->whole = result == VL_OK ? tip_of(&head) : (struct session_tip){0};
--
        log->whole = log->mine;
C
mutant 17 sync/replica_links.c test_many_heads <<'C'
    VL_TRY(prefer_needed(r, own, target, candidates));
--
C
mutant 17 sync/session_whole.c test_late_blob <<'C'
    return !log->closed && !tip_covers(&log->asked, said) && log->mine.known &&
--
    return !log->closed && log->mine.known &&
C
mutant 17 sync/session_whole.c test_late_blob <<'C'
    return branch->asked < said && branch->is.whole < said && branch->is.whole < branch->is.live;
--
    return branch->is.whole < said;
C
mutant 17 sync/session_whole.c test_late_blob <<'C'
    if (!log->whole.known || !told_up_to(log, c)) return;
--
    if (!log->whole.known) return;
C
mutant 17 sync/session_whole.c test_late_blob <<'C'
    return branch->was_bare && branch->is.whole > branch->told && branch->next >= branch->is.whole;
--
    return false;
C
mutant 17 sync/replica_chain.c test_heads_digest <<'C'
    if (digest_bare(r, &state) != VL_OK) return; /* no digest: the heads are compared */
--
C
mutant 17 sync/replica_chain.c test_heads_digest <<'C'
    if (row->seq >= d->replica->chains[row->chain].live) return VL_OK;
--
C
mutant 17 sync/session_pending.c test_late_blob <<'C'
    if (given > 0 && (c->first == 0 || (log->peer.known && log->peer.seq + 1 >= c->first)))
--
    if (given > 0)
C
mutant 17 sync/session_pending.c test_late_blob <<'C'
    const size_t given = count_given(s, c, c->count);
--
    const size_t given = c->count;
C
mutant 17 sync/session_pending.c test_late_blob <<'C'
        const size_t given = count_given(s, c, c->done);
--
        const size_t given = c->done;
C
mutant 17 sync/session_send.c test_late_blob <<'C'
    if (s->to_file) return VL_OK;
--
C
mutant 17 sync/replica_bare.c test_late_blob <<'C'
    if (result == VL_OK && !filled) {
--
    if (false) {
C
mutant 17 sync/membership.c test_many_heads <<'C'
            entry = grant_held(m, &person->roles, &person->member_ends, &person->role_ends);
--
            entry = VL_NO_INDEX;
C
mutant 17 sync/replica_links.c test_many_heads <<'C'
    if (target != NULL &&
--
    if (false && target != NULL &&
C
mutant 17 sync/replica_live.c test_closed_control <<'C'
    for (size_t i = 0; i < 2 * count; i++) {
--
    for (size_t i = 0; i < count; i++) {
C
mutant 17 sync/session.c test_heads_digest <<'C'
    if (vl_id_is_zero(&s->hello.digest) || !vl_id_equal(&s->hello.digest, &s->peer_hello.digest)) {
--
    if (!vl_id_equal(&s->hello.digest, &s->peer_hello.digest)) {
C

echo "$killed passed, $alive failed"
[ "$alive" -eq 0 ]

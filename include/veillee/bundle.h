/* A bundle: one file that brings a member up to date who was away, sealed to the devices that are
 * current where it is written. No I/O: bytes are pulled out and pushed in, in pieces of any size.
 * docs/bundle.md has the layout.
 *
 *   prelude   a key box for each current device among boxes of noise     clear to nobody else
 *   frames    of one size, sealed: header (circle, author, signature), control entries that show
 *             who the author is, then the entries, what control entries need first
 *
 * A finder sees noise and its length in steps. A reader takes everything as hostile: memory is
 * bounded by VL_BUNDLE_*, VL_PROOF_* and VL_PENDING_*; each chunk of entries is stored when it is
 * complete, so what came before a damaged or missing part is kept, and reading the file again goes
 * on where it ended. */
#ifndef VEILLEE_BUNDLE_H
#define VEILLEE_BUNDLE_H

#include <veillee/replica.h>

/* ---- writing ---- */

struct vl_bundle_writer;

/* Everything in the replica but what `after` covers: tips that the reader is known to have (none:
 * everything). The replica outlives the writer and may grow meanwhile; what came in is written too.
 * AUTHORITY: this device is not current. LIMIT: more current devices than boxes. STATE: the copy is
 * empty. */
VL_MUST_USE vl_result vl_bundle_writer_create(struct vl_bundle_writer **out,
                                              struct vl_replica *replica,
                                              const struct vl_head *after, size_t after_count,
                                              vl_wall now);
void vl_bundle_writer_destroy(struct vl_bundle_writer *w); /* wipes; accepts NULL */
/* Appends the next bytes, at most `max`. NOT_FOUND: there are none left. Any other error ends the
 * writer: the same one again from then on. */
VL_MUST_USE vl_result vl_bundle_write(struct vl_bundle_writer *w, size_t max,
                                      struct vl_buffer *out);

struct vl_bundle_counts {
    uint64_t entries; /* written; read: that were new here and are stored */
    uint64_t total;   /* of entries in the bundle, as the header says; for display */
    uint64_t bytes;   /* of the file so far */
    size_t waiting;   /* read: entries that wait for what they link to */
    size_t forks;     /* read: logs of which this copy has another branch; they were left out */
};
struct vl_bundle_counts vl_bundle_written(const struct vl_bundle_writer *w);

/* ---- reading ---- */

struct vl_bundle_reader;

/* The bundle may be for any of these replicas, which outlive the reader. */
VL_MUST_USE vl_result vl_bundle_reader_create(struct vl_bundle_reader **out,
                                              struct vl_replica *const *replicas, size_t count);
void vl_bundle_reader_destroy(struct vl_bundle_reader *r); /* wipes; accepts NULL */
/* The next bytes of the file. An error ends the reader (the same one again from then on); what was
 * stored before stays.
 *   NO_KEY      it is not for any of these devices, or no bundle
 *   DECRYPT     it was changed, or is damaged
 *   AUTHORITY   its author is no current member, here or by what the bundle shows
 *   SIGNATURE   of the header, or of an entry: its author is at fault; as are the other errors of
 *               the codec and of vl_replica_receive
 *   TRAILING    bytes after its end
 *   MISSING     at its end: some entries link to what is neither here nor in it (an earlier bundle)
 *   STORAGE, FULL, NO_MEMORY, DAMAGED: this machine */
VL_MUST_USE vl_result vl_bundle_read(struct vl_bundle_reader *r, struct vl_bytes bytes);
/* The file is over. TRUNCATED: the bundle is not; else what vl_bundle_read said last. */
VL_MUST_USE vl_result vl_bundle_read_end(struct vl_bundle_reader *r);
/* NULL until the header was accepted. */
struct vl_replica *vl_bundle_replica(const struct vl_bundle_reader *r);
struct vl_bundle_counts vl_bundle_have_read(const struct vl_bundle_reader *r);

#endif

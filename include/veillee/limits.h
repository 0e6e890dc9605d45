/* Every limit of the format and of the engine, by name. Each has a test at the limit and one past
 * it. Numbers that are part of the wire format are marked (wire): changing one is a new version. */
#ifndef VEILLEE_LIMITS_H
#define VEILLEE_LIMITS_H

#include <assert.h>

#define VL_ENTRY_BYTES_MAX  32768u /* (wire) header, signature and blob of one entry */
#define VL_LINKS_MAX        32u    /* (wire) links in one header */
#define VL_AUTH_MAX         32u    /* (wire) maximal control entries in one header */
#define VL_HEADER_BYTES_MAX 2400u  /* (wire) derived in entry.h, checked there */
#define VL_BLOB_BYTES_MAX   28672u /* (wire) payload blob, padded */
#define VL_TYPE_MAX         65535u /* (wire) numbers of types of records, and of fields */
#define VL_OPERATIONS_MAX   2048u  /* (wire) operations in one entry */
#define VL_REFERENCES_MAX   512u   /* (wire) entries that one payload refers to */
#define VL_DOTS_MAX         256u   /* (wire) dots that one operation names */
#define VL_VALUE_BYTES_MAX  24576u /* (wire) one register value or set element or text run */
#define VL_ENROLMENTS_MAX   16u    /* (wire) keys in one add */
#define VL_SEALS_MAX        200u   /* (wire) sealed boxes in one epoch or seal entry */
#define VL_SEALED_BOXES_MAX 128u   /* (wire) devices that one sealed entry is for */
#define VL_CITES_MAX        256u   /* (wire) content entries that one control entry cites */
#define VL_TOMBSTONE_MAX    512u   /* (wire) entries that one tombstone names */

#define VL_CONTROL_ENTRIES_MAX 16384u /* control entries of one circle: 32 MiB of ancestor sets */

#define VL_LOG_BYTES_MAX     16777216u /* (wire) headers, signatures and blobs of one log: 16 MiB */
#define VL_LOG_CONTROLS_MAX  64u       /* (wire) control entries of one log */
#define VL_PERSON_CHAINS_MAX 64u       /* (wire) logs of one person, each branch counted */
#define VL_CLAIMED_MAX       32u       /* of these, so many may begin by what a peer only claims */
#define VL_SHOWN_ENTRIES     16u       /* of a branch, to show that there is one */
#define VL_BARE_TOLD_MAX     4096u /* (wire) entries without blob that the heads' digest names */
#define VL_SERVED_CHAINS_MAX 64u   /* of closed logs, cited by nobody, that one member gave */

#define VL_CHUNK_ENTRIES_MAX 256u    /* (wire) entries behind one verified signature */
#define VL_CHUNK_BYTES_MAX   262144u /* (wire) 256 KiB */
#define VL_FRAME_BYTES_MAX   65535u  /* (wire) one encrypted frame with its tag */
#define VL_MESSAGE_BYTES_MAX 65000u  /* (wire) one session message before padding and sealing */
#define VL_PREAUTH_BYTES_MAX 4096u   /* bytes taken from a stranger before he is known */
#define VL_HEADS_MAX         4096u   /* (wire) heads in one exchange */

#define VL_PROOF_ENTRIES_MAX 16384u    /* (wire) control entries by which a member proves herself */
#define VL_PROOF_BYTES_MAX   16777216u /* (wire) ... and their bytes */
#define VL_PROOF_PAIRED_MAX  (VL_PROOF_ENTRIES_MAX * VL_ENTRY_BYTES_MAX) /* ... to a newcomer */

#define VL_BUNDLE_BOXES_STEP  16u    /* (wire) key boxes of a bundle come in such groups */
#define VL_BUNDLE_BOXES_MAX   256u   /* (wire) so many current devices at most */
#define VL_BUNDLE_FRAME_BYTES 32768u /* (wire) plaintext of one sealed frame of a bundle */

#define VL_SESSION_GREET_SECONDS   10u /* silence while greeting and proving */
#define VL_SESSION_PING_SECONDS    30u
#define VL_SESSION_QUICK_PINGS     7u   /* at its beginning, for a small round trip among them */
#define VL_SESSION_QUICK_PING_MS   200u /* after the answer to the one before */
#define VL_SESSION_SILENCE_SECONDS 90u  /* a session that hears nothing for so long is over */

#define VL_CURSOR_BYTES_MAX 64u  /* (wire) a message that says where somebody writes */
#define VL_CURSOR_PAUSE_MS  200u /* at least, between two that this side says */
#define VL_CURSOR_TAKE_MS   100u /* one of the peer's is taken in so long, on the whole */
#define VL_CURSOR_BURST     16u  /* ... and so many at once */

#define VL_PENDING_ENTRIES_MAX 4096u    /* entries of one peer that wait for their links */
#define VL_PENDING_BYTES_MAX   4194304u /* 4 MiB of them */
#define VL_PENDING_AGAIN_MS    30000u   /* until what was given up is asked for again */
#define VL_FORKS_WAITING_MAX   64u      /* proofs of one peer about logs that are not here yet */
#define VL_CELL_WEIGHT_MAX     8388608u /* (wire) of the operations merged into one field */
#define VL_CELL_NAME_WEIGHT    32u      /* (wire) of an operation, and of each thing it names */
#define VL_CONFLICTS_MAX       64u      /* concurrent values shown of one register */

#define VL_HANDSHAKE_SECONDS      10u  /* to finish a handshake, success or not */
#define VL_HALF_OPEN_MAX          16u  /* connections in their handshake, in all */
#define VL_HALF_OPEN_PER_ADDRESS  8u   /* ... from one address */
#define VL_DISCARD_MAX            256u /* failed connections that wait for the common deadline */
#define VL_CONNECTIONS_PER_CIRCLE 12u
#define VL_SEEN_EPHEMERALS_MAX    4096u /* accepted first messages under one beacon nonce */
#define VL_PAIRING_TRIES          3u    /* wrong codes before an invitation ends */

static_assert(VL_HEADER_BYTES_MAX + 64u + VL_BLOB_BYTES_MAX <= VL_ENTRY_BYTES_MAX,
              "an entry holds the largest header, a signature and the largest blob");
static_assert(VL_ENTRY_BYTES_MAX + 64u <= VL_MESSAGE_BYTES_MAX, "a message holds an entry");

#endif

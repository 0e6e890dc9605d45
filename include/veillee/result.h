/* Results: one table makes the codes, their names and their sentences.
 *
 * Every function that can fail returns vl_result and must be looked at. VL_OK is 0.
 * The name (vl_result_name) is stable and goes into --json; the sentence (vl_result_message)
 * is English for logs and developers; people read translated sentences made by src/cli. */
#ifndef VEILLEE_RESULT_H
#define VEILLEE_RESULT_H

#define VL_RESULT_TABLE(X)                                                                         \
    X(OK, "done")                                                                                  \
    X(NO_MEMORY, "not enough memory")                                                              \
    X(TRUNCATED, "the bytes end before the value does")                                            \
    X(TRAILING, "bytes follow after the value's end")                                              \
    X(TOO_LARGE, "a size is over its limit")                                                       \
    X(NOT_CANONICAL, "the value is not in its one canonical encoding")                             \
    X(VERSION, "made by another version of the format")                                            \
    X(KIND, "a kind that is not known here")                                                       \
    X(CIRCLE, "belongs to another circle")                                                         \
    X(HASH, "the bytes do not match their hash")                                                   \
    X(SIGNATURE, "the signature is not valid")                                                     \
    X(DECRYPT, "the sealed bytes do not open")                                                     \
    X(LAMPORT, "the lamport number is not one more than its parents'")                             \
    X(LINKS, "the links are not sorted, unique and minimal")                                       \
    X(AUTH, "auth is not exactly the newest control entries of the past")                          \
    X(PREV, "does not continue its log")                                                           \
    X(GAP, "entries of the log before this one are missing")                                       \
    X(FORK, "two entries of one log carry the same number")                                        \
    X(MISSING, "entries that it links to are missing")                                             \
    X(LIMIT, "a named limit is reached")                                                           \
    X(STATE, "not possible in this state")                                                         \
    X(AUTHORITY, "its author may not do this")                                                     \
    X(NO_KEY, "the key for it is not here")                                                        \
    X(STORAGE, "the storage could not be read or written")                                         \
    X(FULL, "the disk is full")                                                                    \
    X(DAMAGED, "the file is damaged")                                                              \
    X(PASSPHRASE, "wrong passphrase")                                                              \
    X(BACKOFF, "too many wrong passphrases, wait")                                                 \
    X(LOCKED, "the vault is locked")                                                               \
    X(IN_USE, "another process uses it")                                                           \
    X(NOT_FOUND, "there is no such thing here")                                                    \
    X(EXISTS, "it is here already")                                                                \
    X(INVALID, "the input is not valid")                                                           \
    X(UTF8, "the text is not valid UTF-8")                                                         \
    X(HANDSHAKE, "the handshake failed")                                                           \
    X(REPLAY, "seen before")                                                                       \
    X(CODE, "the code does not match")                                                             \
    X(REFUSED, "the other side refused")                                                           \
    X(TIMEOUT, "no answer in time")                                                                \
    X(CLOSED, "the other side closed the connection")                                              \
    X(NETWORK, "the network could not be used")                                                    \
    X(INTERNAL, "an internal check failed")

typedef enum vl_result {
#define VL_RESULT_ENUM(name, message) VL_ERR_##name,
    VL_RESULT_TABLE(VL_RESULT_ENUM)
#undef VL_RESULT_ENUM
        VL_RESULT_COUNT
} vl_result;

#define VL_OK VL_ERR_OK

#define VL_MUST_USE __attribute__((warn_unused_result))

/* "NOT_CANONICAL"; "UNKNOWN" for a number that is no result. Static storage. */
const char *vl_result_name(vl_result result);
/* One English sentence without a final stop. Static storage. */
const char *vl_result_message(vl_result result);

/* Returns from the caller with any result but VL_OK. */
#define VL_TRY(expression)                                                                         \
    do {                                                                                           \
        vl_result vl_try_ = (expression);                                                          \
        if (vl_try_ != VL_OK) return vl_try_;                                                      \
    } while (0)

#endif

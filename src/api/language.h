/* The language of an answer. */
#ifndef API_LANGUAGE_H
#define API_LANGUAGE_H

/* The one of ours that an Accept-Language header (RFC 9110, 12.5.4) likes best, else English; "fr",
 * "en". Static. NULL: no header. What cannot be read of it is passed over. */
const char *language_accepted(const char *header);
/* "fr" for "fr", "fr-CA", "FR"; NULL: none of ours. */
const char *language_named(const char *tag);

#endif

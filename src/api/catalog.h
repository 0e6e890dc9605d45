/* Translations for whoever asks through the API: the catalogs (compiled by msgfmt) lie in the
 * program, so one node answers each request in its own language without touching the process's
 * locale. A new language is one file src/share/po/LANGUAGE.po. */
#ifndef API_CATALOG_H
#define API_CATALOG_H

/* The text in that language; `text` itself when there is no translation, or no such language.
 * Static, or `text`. */
const char *catalog_text(const char *language, const char *text);
/* The same of a word that means other things elsewhere (msgctxt). */
const char *catalog_word(const char *language, const char *context, const char *word);

#endif

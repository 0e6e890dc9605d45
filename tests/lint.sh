#!/usr/bin/env bash
# House rules as a failing test. Usage: tests/lint.sh BUILD-FOLDER
#   style          clang-format leaves every file as it is; 100 columns
#   sizes          files at most 600 lines (generated word lists apart)
#   dependence     include <- sync <- store, circle <- node, api <- cli, main; one user a library
#   engine         the library of sync/ asks the system for nothing that is not listed here
#   used           what a file offers another one uses, or tests alone (tests/for-tests.txt)
#   words          nothing unfinished by its own word; no outside address in the program
set -u
cd "$(dirname "$0")/.." || exit 1
shopt -s lastpipe
build=${1:-build}
passed=0 failed=0

check() { # check NAME: fails when standard input has a line
  local found
  found=$(cat)
  if [ -z "$found" ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'lint: %s\n' "$1"
    printf '%s\n' "$found" | head -n 20 | sed 's/^/    /'
  fi
}

# The folder may be another user's (sudo ./dev lint).
files() { git -c safe.directory="$PWD" ls-files "$@"; }
mapfile -t sources < <(files --cached --others --exclude-standard '*.c' '*.h')
mapfile -t scripts < <(files --cached --others --exclude-standard '*.mjs' '*.js')
[ ${#sources[@]} -gt 0 ] || { echo 'lint: git does not list the files of this folder'; exit 1; }

clang-format --dry-run --Werror "${sources[@]}" 2>&1 | grep -E '(error|warning):' | check 'not as clang-format has it'
awk 'length($0) > 100 { print FILENAME ":" FNR ": " length($0) " columns" }' \
  "${sources[@]}" "${scripts[@]}" | check 'over 100 columns'
wc -l "${sources[@]}" "${scripts[@]}" | awk '$2 != "total" && $1 > 600 && $2 !~ /sync\/words_/ { print }' |
  check 'over 600 lines'

# folder:folders whose headers it may include (itself and <veillee/...> always)
rules='sync: src/store: src/circle:share src/node:store,circle src/api:store,circle,share src/cli:store,circle,node,api,cli'
for rule in $rules; do
  folder=${rule%%:*} allowed=${rule#*:}
  for file in "$folder"/*.c "$folder"/*.h; do
    [ -e "$file" ] || continue
    sed -n 's/^#include "\([a-z_]*\)\/.*/\1/p' "$file" | while read -r part; do
      case ",$allowed,${folder#src/}," in *",$part,"*) ;; *) echo "$file includes $part/" ;; esac
    done
  done
done | check 'includes against the direction of dependence'
for file in include/veillee/*.h; do
  grep -Hn '^#include "' "$file"
done | check 'public headers include only public headers'

one_user() { # one_user HEADER-PATTERN FOLDER: only files of that folder include it (tests may)
  grep -lE "^#include <$1" "${sources[@]}" | grep -v "^$2" | grep -v '^tests/'
}
one_user 'sqlite3' src/store/ | check 'SQLite has one user, src/store'
one_user 'avahi' src/node/ | check 'Avahi has one user, src/node'
one_user 'microhttpd' src/api/ | check 'libmicrohttpd has one user, src/api'
one_user 'libical' src/circle/calendar | check 'libical has one user, src/circle/calendar'
one_user '(cjson|cJSON)' src/api/json | check 'cJSON has one user, src/api/json'

# What the engine may ask for: memory, strings, libsodium, utf8proc, the compiler's own helpers.
allow='^(mem(cpy|move|set|cmp|chr|mem)|str(len|cmp|ncmp|chr|nlen)|(m|c|re)alloc|free|qsort|qsort_r|bsearch|abort|snprintf|vsnprintf)$'
allow+='|^__(mem(cpy|move|set)|snprintf|vsnprintf|strcpy)_chk$|^__stack_chk_fail$|^__assert_fail$'
allow+='|^(sodium|crypto|randombytes)_|^utf8proc_|^_GLOBAL_OFFSET_TABLE_$|^vl_'
if [ -e "$build/libveillee_engine.a" ]; then
  nm -u "$build/libveillee_engine.a" | awk '/ U / { print $2 }' | sort -u | grep -vE "$allow" |
    grep -vE '^__(asan|ubsan|sanitizer|gcov)' |
    { nm --defined-only "$build/libveillee_engine.a" | awk 'NF == 3 { print $3 }' | sort -u > "$build/engine.symbols"
      grep -vxFf "$build/engine.symbols"; } | check 'the engine asks the system for this'
else
  echo "no $build/libveillee_engine.a" | check 'the engine was not built'
fi

# A function that only its own file calls is static, and one that nobody calls goes. As objects have
# it: a name that one of them defines, no other one refers to, and include/ does not declare.
objects=("$build"/libveillee_{engine,store,circle,node,api,cli}.a "$build/CMakeFiles/veillee.dir/src/main.c.o")
if nm "${objects[@]}" > "$build/program.names" 2> /dev/null; then
  awk '$1 == "U" { print $2 }' "$build/program.names" | sort -u > "$build/program.used"
  grep -ohwE 'vl_\w+' include/veillee/*.h | sort -u >> "$build/program.used"
  awk 'NF == 3 && $2 ~ /^[TDRB]$/ && $3 !~ /^(__|main$)/ { print $3 }' "$build/program.names" | sort -u |
    grep -vxFf "$build/program.used" > "$build/program.unused"
  awk '/^[a-z]/ { print $1 }' tests/for-tests.txt > "$build/program.for-tests"
  grep -vxFf "$build/program.for-tests" "$build/program.unused" |
    check 'no other file uses this: static, or gone (or for tests: tests/for-tests.txt)'
  { grep -vxFf "$build/program.unused" "$build/program.for-tests"
    files -z --cached --others --exclude-standard 'tests/*.[ch]' | xargs -0 grep -ohwFf "$build/program.for-tests" |
      sort -u | grep -vxFf - "$build/program.for-tests"; } | check 'not needed in tests/for-tests.txt'
else
  check 'the program was not built' <<< "no $build/libveillee_*.a"
fi

grep -nwE 'T[O]DO|F[I]XME|X[X]X|H[A]CK' "${sources[@]}" "${scripts[@]}" dev | check 'unfinished by its own word'
files -z src sync include ':!*.md' ':!*.po' | xargs -0 grep -nE 'https?://' |
  grep -vE '://(127\.0\.0\.1|localhost|%s|\[::1\])' | check 'an outside address in the program'

# Texts for people, names of fields and of types: all of them in French too. (Choices: a unit test.)
if command -v xgettext msgcat >/dev/null; then
  texts() { msgcat --no-wrap "$1" 2>/dev/null | awk '/^msgid/ && $0 != "msgid \"\""' | sort -u; }
  files --cached --others --exclude-standard 'src/*.c' 'src/*.h' |
    xgettext -f - --from-code=UTF-8 -L C -k_ -kN_ -krequest_refuse:3 -krefuse:3 -krefuse:4 \
      -kX:5,7t -kX:3,10t -o "$build/texts.pot" 2>/dev/null
  texts src/share/po/fr.po > "$build/texts.fr"
  texts "$build/texts.pot" | comm -23 - "$build/texts.fr" | check 'no French for this text'
fi
# One person is called "tu", as on the page; several at once may be "vous".
grep -nwiE 'vous|votre|vos|dites|veuillez' src/share/po/fr.po |
  grep -v 'pendant que vous êtes ensemble' | check 'French says “vous” to one person'

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]

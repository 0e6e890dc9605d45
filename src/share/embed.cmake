# cmake -DFOLDER=... -DFILES="a;b/c" -DSYMBOL=... -DOUT=... -P embed.cmake: the files as constant
# data in one C file (src/share/embedded.h says how). "name=path": a file of another folder;
# "name=path|path": one of several.
set(text "#include \"share/embedded.h\"\n")
set(table "")
set(at 0)
list(SORT FILES)
foreach(file ${FILES})
  set(path ${FOLDER}/${file})
  if(file MATCHES "=")
    string(REGEX REPLACE "^[^=]*=" "" path ${file})
    string(REGEX REPLACE "=.*$" "" file ${file})
  endif()
  set(bytes "")
  string(REPLACE "|" ";" path "${path}")
  foreach(one ${path})
    file(READ ${one} more HEX)
    string(APPEND bytes "${more}")
  endforeach()
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  string(APPEND text "static const unsigned char file_${at}[] = {${bytes}0};\n")
  string(APPEND table "    {\"${file}\", file_${at}, sizeof file_${at} - 1},\n")
  math(EXPR at "${at} + 1")
endforeach()
string(APPEND text
  "extern const struct embedded_file ${SYMBOL}[];\nextern const size_t ${SYMBOL}_count;\n"
  "const struct embedded_file ${SYMBOL}[] = {\n${table}};\nconst size_t ${SYMBOL}_count = ${at};\n")
file(WRITE ${OUT} "${text}")

# How valgrind is called, and what it does in `./dev soak valgrind` alone. Sourced.
valgrind=(valgrind --quiet --error-exitcode=99 --leak-check=full
  --errors-for-leak-kinds=definite,indirect,possible --child-silent-after-fork=yes
  --suppressions=tests/valgrind.supp)

# What reads that which others wrote or which stands on the disk, and what holds keys: a byte there that was
# never written would be sent, stored or decided upon. The standing run has these; all others, nine tenths of
# the time, are for `./dev soak valgrind`, and the standing run has them under the sanitizers, which see
# everything but that.
valgrind_suites=(bad_input beacon bundle_edges bundle_hostile cell channel codec control cpace date entry
  frame gate hash invitation json keys language live membership membership_corners membership_json
  membership_memory membership_state message minutes noise operation pairing pairing_messages
  protocol_example recurrence sealed session session_forms session_hostile store texts typing value vault
  words wycheproof)

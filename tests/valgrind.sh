# How valgrind is called, and what it does in `./dev soak valgrind` alone. Sourced.
valgrind=(valgrind --quiet --error-exitcode=99 --leak-check=full
  --errors-for-leak-kinds=definite,indirect,possible --child-silent-after-fork=yes
  --suppressions=tests/valgrind.supp)

# Suites that go the same way a thousand times, which was six tenths of valgrind's time: the standing
# run has them in full without a checker, and under the sanitizers.
in_soak_alone() { # in_soak_alone SUITE
  case $1 in
    test_cell_many | test_member_flood | test_rebuild | test_replica_memory | \
      test_replica_storage | test_session_forgotten_memory | test_session_memory | test_years) return 0 ;;
  esac
  return 1
}

// Compiles as it is; fails with one or two errors on demand. See CMakeLists.txt.
#ifdef ONE_ERROR
static_assert(false, "first");
#endif
#ifdef ANOTHER_ERROR
static_assert(false, "second");
#endif

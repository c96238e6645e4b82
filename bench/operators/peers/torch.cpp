#include "absent.hpp"

namespace bench {
peer find_torch() { return absent("libtorch", "libtorch-dev"); }
}  // namespace bench

// What every user pays: the umbrella header and nothing else.
#include <lathe/lathe.hpp>

/// @file
/// Mistakes made on purpose. In: CUDA text. Out: the same text, each time with one mistake, as a
/// wrong schedule or emitter would make it; a test that runs the text must notice every one of
/// them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cuda_simulator {

enum class mistake {
  barrier,   ///< a `__syncthreads();` or `__syncwarp();` is missing
  wait,      ///< `lathe_copy_async_wait<N>()` waits for one group less
  commit,    ///< a `lathe_copy_async_commit();` is missing
  fragment,  ///< two registers of an operand of a matrix instruction are exchanged
  bound      ///< a comparison is off by one, a loop by one iteration
};
const char* name_of(mistake kind);

/// A text with a mistake.
struct mutation {
  mistake kind{};
  int line = 0;      ///< in the text, from 1
  std::string what;  ///< the line before and after
  std::string text;
};

/// All mistakes that this file knows, one at a time; of waits and commits in texts that copy
/// asynchronously. Bounds are comparisons with spaces around `<`,
/// `<=`, `>` or `>=`, outside of lines that begin with `static` (functions like max). In the head
/// of a `for` loop the last iteration is left out, and one too many is made if the step is 1
/// (larger steps may pass a bound anywhere); other conditions hold once more and once less.
std::vector<mutation> mutations_of(std::string_view text);

}  // namespace cuda_simulator

/// @file
/// Bodies of strategy_maker.hpp.
#pragma once

#include <lathe/core/error.hpp>
#include <lathe/search/evolve.hpp>
#include <lathe/search/random.hpp>
#include <lathe/search/strategy_maker.hpp>

namespace lathe {

LATHE_INLINE strategy_maker::strategy_maker(const char* name)
    : text_(name), make_([](const std::string& text, const strategy_setting& setting) {
        if (text == "random")
          return owner<strategy>(new random_search(setting.space, setting.seed));
        return owner<strategy>(new evolutionary_search(setting.space, setting.seed));
      }) {
  if (text_ == "evolve" || text_ == "random") return;
  fail("LATHE-E520", "no strategy is called '" + text_ +
                         "': write evolve or random; lab_strategy(\"" + text_ +
                         "\") of <lathe/lab.hpp> knows the other ones");
}

}  // namespace lathe

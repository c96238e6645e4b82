/// @file
/// The directions in which a point of a space can be left. In: a space. Out: a fixed list of moves,
/// the same for every point, so that a network can have one output for each.
///
/// FlexTensor (Zheng et al., ASPLOS 2020, section 4.2): neighbours differ in one decision. Ordered
/// decisions go down or up by one; of an unordered decision, every choice is a direction, or, where
/// there are more than eight, the next and the last one of the list as in the released code.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/schedule/point.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace lathe {

/// All directions of a space, ordered by site.
class directions {
 public:
  /// @param space  must outlive the directions
  explicit directions(const search_space& space) : space_(space) {
    constexpr std::int32_t most_named = 8;
    for (std::size_t index = 0; index < space.sites.size(); ++index) {
      const site& at = space.sites[index];
      if (at.choices < 2) continue;
      if (at.moves.empty()) {
        const bool named = at.choices <= most_named;
        for (std::int32_t n = 0; n < (named ? at.choices : 2); ++n)
          all_.push_back({index, named ? kind::choice : kind::turn, named ? n : 2 * n - 1});
      } else if (is_linear(at)) {
        all_.push_back({index, kind::shift, -1});
        all_.push_back({index, kind::shift, 1});
      } else {
        std::size_t most = 0;
        for (const auto& moves : at.moves) most = larger(most, moves.size());
        for (std::size_t n = 0; n < most; ++n)
          all_.push_back({index, kind::listed, static_cast<std::int32_t>(n)});
      }
    }
  }

  std::size_t size() const { return all_.size(); }
  /// The site that a direction changes.
  std::size_t site_of(std::size_t direction) const { return all_[direction].site; }

  /// The point one step away; nothing at the end of a direction.
  std::optional<point> step(const point& from, std::size_t direction) const {
    const entry& along = all_[direction];
    const site& at = space_.sites[along.site];
    const std::int32_t old = from.choices[along.site];
    std::int32_t choice = along.value;
    if (along.what == kind::shift) {
      choice = old + along.value;
    } else if (along.what == kind::turn) {
      choice = (old + along.value + at.choices) % at.choices;
    } else if (along.what == kind::listed) {
      const auto& moves = at.moves[static_cast<std::size_t>(old)];
      const auto number = static_cast<std::size_t>(along.value);
      choice = number < moves.size() ? moves[number] : old;
    }
    if (choice < 0 || choice >= at.choices || choice == old) return std::nullopt;
    point reached = from;
    reached.choices[along.site] = choice;
    return reached;
  }

 private:
  enum class kind : unsigned char { shift, choice, turn, listed };
  struct entry {
    std::size_t site;
    kind what;
    std::int32_t value;
  };

  static bool is_linear(const site& at) {
    for (std::size_t from = 0; from < at.moves.size(); ++from)
      for (const std::int32_t to : at.moves[from])
        if (math::abs(to - static_cast<std::int32_t>(from)) != 1) return false;
    return true;
  }

  const search_space& space_;
  sequence<entry> all_;
};

}  // namespace lathe

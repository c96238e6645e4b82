/// @file
/// The typed kernel that tune() and compile() return. In: an operator's type. Out: calls that check
/// their arguments.
#pragma once

#include <lathe/api/arguments.hpp>
#include <lathe/api/kernel_core.hpp>
#include <lathe/core/owner.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace lathe {
namespace detail {

template <class... Lists>
struct joined_names {
  using type = name_list<>;
};
template <class... Left, class... Right, class... Rest>
struct joined_names<name_list<Left...>, name_list<Right...>, Rest...>
    : joined_names<name_list<Left..., Right...>, Rest...> {};
template <class... Names>
struct joined_names<name_list<Names...>> {
  using type = name_list<Names...>;
};

template <class Id, class... Ids>
inline constexpr bool is_one_of = (std::is_same_v<Id, Ids> || ...);

/// The parameters of an operator that are not in a list: those that bind() does not take.
template <class Operation, class... Ids>
struct other_parameters;
template <class Id, class... Parameters, class... Statements, class... Ids>
struct other_parameters<dsl::operation<Id, dsl::parameter_list<Parameters...>, Statements...>,
                        Ids...>
    : joined_names<name_list<>,
                   std::conditional_t<is_one_of<typename Parameters::id, Ids...>, name_list<>,
                                      name_list<typename Parameters::id>>...> {};

}  // namespace detail

/// A tuned operator. Cheap to copy; calls are const and may run concurrently.
///
///     kernel(a, b, c);                            // in the order of op<"name">(A, B, C)
///     kernel("C"_a = c, "A"_a = a, "B"_a = b);    // or by name
///
/// @tparam Operation  the operator's type: one for all sizes
/// @tparam Bound      parameters that bind() has fixed; calls do not take them
template <class Operation, class Bound = name_list<>>
class kernel {
 public:
  /// Wraps tuned code; called by tune() and compile().
  explicit kernel(shared<const kernel_core> core) : core_(std::move(core)) {}

  /// Runs the operator on the caller's data.
  /// @error E060 to E068 at compile time; LATHE-E101 to E107 naming the tensor
  template <class... Arguments>
  void operator()(Arguments&&... arguments) const {
    if (const std::optional<error> problem = try_call(std::forward<Arguments>(arguments)...))
      fail(problem->id(), problem->text());
  }

  /// The same, with the error as a value: nothing if all went well.
  template <class... Arguments>
  [[nodiscard]] std::optional<error> try_call(Arguments&&... arguments) const {
    const call_arguments<Operation, Bound> given(arguments...);
    return core_->call(given.data(), nullptr);
  }

  /// Runs in the caller's memory: allocates and locks nothing.
  /// @param workspace  64-byte aligned block of workspace_bytes()
  template <class... Arguments>
  void run_in(void* workspace, Arguments&&... arguments) const {
    const call_arguments<Operation, Bound> given(arguments...);
    if (const std::optional<error> problem = core_->call(given.data(), workspace))
      fail(problem->id(), problem->text());
  }

  /// Memory that one running call needs besides its arguments [bytes].
  std::int64_t workspace_bytes() const { return core_->how().run.workspace_bytes(); }

  /// Fixes operands that stay the same over many calls: they are packed (or copied) now, and the
  /// returned kernel takes the remaining arguments: `auto fast = kernel.bind("W"_a = w);`
  /// @error E069, E070 at compile time; LATHE-E120 for an output; as operator() for the data
  template <class... Named>
  auto bind(Named&&... named) const {
    auto bound = try_bind(std::forward<Named>(named)...);
    if (!bound) fail(bound.error().id(), bound.error().text());
    return std::move(bound).value();
  }

  /// The same, with the error as a value.
  template <class... Named>
  auto try_bind(Named&&... named) const {
    if constexpr (!std::is_same_v<Bound, name_list<>>) {
      static_assert(rule::is_not_bound_yet<Bound>, LATHE_E070);
      return result<kernel>(*this);
    } else if constexpr (sizeof...(Named) == 0 ||
                         !(detail::is_named<std::remove_cvref_t<Named>> && ...)) {
      static_assert(rule::are_named_arguments<Named...>, LATHE_E069);
      return result<kernel>(*this);
    } else {
      using now_bound = name_list<typename std::remove_cvref_t<Named>::id...>;
      using bound_kernel = kernel<Operation, now_bound>;
      using others =
          typename detail::other_parameters<Operation,
                                            typename std::remove_cvref_t<Named>::id...>::type;
      const call_arguments<Operation, others> given(named...);
      auto made = core_->bind({std::remove_cvref_t<Named>::id::text...}, given.data());
      if (!made) return result<bound_kernel>(made.error());
      return result<bound_kernel>(bound_kernel(std::move(made).value()));
    }
  }

  /// Description, schedule, loop nest and generated code.
  std::string explain() const { return core_->explain(); }
  /// The schedule as text; compile(op, trace) accepts it.
  std::string trace() const { return to_text(core_->how().steps); }
  /// How the kernel was found: origin, times, trials, notes.
  const tuned& how() const { return core_->how(); }
  /// What it is made of, without types: for headers that are not part of lathe.hpp.
  const kernel_core& core() const { return *core_; }

 private:
  shared<const kernel_core> core_;
};

}  // namespace lathe

/// @file
/// The typed call layer. In: an operator's type and whatever the user passes: pointers, arrays,
/// contiguous ranges, views with extents and strides, numbers. Out: one plain entry per parameter,
/// checked. What types say is checked at compile time (E060 to E068), the rest by check_arguments()
/// (E101 to E107). Called by evaluate() and by kernels.
#pragma once

#include <lathe/analysis/checked.hpp>
#include <lathe/core/algorithm.hpp>
#include <lathe/core/error.hpp>

#include <cstddef>
#include <cstring>
#include <optional>
#include <type_traits>
#include <utility>

namespace lathe {

/// One argument, after its C++ type is forgotten.
struct call_argument {
  void* data = nullptr;                 ///< first element
  std::int64_t count = unknown_extent;  ///< [elements] behind data; unknown for pointers and views
  int rank = -1;                        ///< of a view; -1 if the argument has no shape of its own
  std::int64_t extents[max_rank] = {};  ///< of a view [elements]
  std::int64_t strides[max_rank] = {};  ///< of a view [elements]
  bool given = false;                   ///< false for parameters that are bound instead
};

/// Checks all arguments that are `given` against the operator's parameters: null pointers, sizes,
/// extents, dense row-major layout, alignment, outputs that overlap other parameters.
/// @param arguments one per parameter of `operation`, whose description has no problem
/// @return LATHE-E101 to LATHE-E107, nothing if all is well
/// @complexity O(parameters^2); allocates only to report
LATHE_INLINE std::optional<error> check_arguments(const desc_view& operation,
                                                  const call_argument* arguments);

/// An argument with the name of its parameter: what `"A"_a = a` makes.
template <class Id, class Argument>
struct named_argument {
  using id = Id;
  Argument& argument;
};

/// The left-hand side of `"A"_a = a`.
template <class Id>
struct argument_name {
  template <class Argument>
  constexpr named_argument<Id, std::remove_reference_t<Argument>> operator=(
      Argument&& argument) const {
    return {argument};
  }
};

inline namespace literals {
/// Names an argument: `kernel("C"_a = c, "A"_a = a, "B"_a = b)`.
template <fixed_string Name>
constexpr argument_name<dsl::id_of<Name>> operator""_a() {
  return {};
}
}  // namespace literals

/// Parameters that a call does not take, because they are bound.
template <class... Ids>
struct name_list {};

namespace detail {

template <class Argument>
inline constexpr bool is_named = false;
template <class Id, class Argument>
inline constexpr bool is_named<named_argument<Id, Argument>> = true;

/// std::mdspan and its reference implementation.
template <class View>
concept mdspan_like = requires(const View& view) {
  view.data_handle();
  view.extent(0);
  view.stride(0);
  View::rank();
};
/// Kokkos::View.
template <class View>
concept kokkos_like = requires(const View& view) {
  view.data();
  view.extent(0);
  view.stride(0);
};
/// xtensor: shapes and strides as containers.
template <class View>
concept xtensor_like = requires(const View& view) {
  view.data();
  view.shape().size();
  view.shape()[0];
  view.strides()[0];
};
/// Eigen's matrices and maps: two dimensions in either order.
template <class View>
concept eigen_like = requires(const View& view) {
  view.data();
  view.rows();
  view.cols();
  view.rowStride();
  view.colStride();
};
/// vector, array, span, string: anything contiguous that knows its size.
template <class Range>
concept contiguous = requires(Range& range) {
  *range.data();
  range.size();
};

template <class View>
constexpr int rank_of(const View& view) {
  if constexpr (requires { view.rank(); }) {
    return static_cast<int>(view.rank());
  } else {
    return static_cast<int>(View::rank);
  }
}

/// Fills an entry from one argument. `Parameter` is a tensor or param of the dsl.
template <class Parameter, bool IsOutput>
struct argument_reader {
  using id = typename Parameter::id;
  using element = typename Parameter::element;

  template <class Given>
  static void set_data(call_argument& into, Given* data) {
    using plain = std::remove_cv_t<Given>;
    constexpr bool same_type = is_element<plain> && dtype_of<plain> == dtype_of<element>;
    if constexpr (!same_type) {
      static_assert(rule::has_element_type<id, element, plain>, LATHE_E061);
    } else if constexpr (IsOutput && std::is_const_v<Given>) {
      static_assert(rule::output_can_be_written<id>, LATHE_E062);
    } else {
      into.data = const_cast<plain*>(data);
    }
  }

  static void set_dimension(call_argument& into, int dimension, std::int64_t extent,
                            std::int64_t stride) {
    if (dimension >= max_rank) return;
    into.extents[dimension] = extent;
    into.strides[dimension] = stride;
  }

  template <int Given>
  static constexpr bool rank_fits() {
    static_assert(rule::has_rank<id, Parameter::rank, Given>, LATHE_E063);
    return rule::has_rank<id, Parameter::rank, Given>;
  }

  template <class Extent, class Stride>
  static void set_shape(call_argument& into, int rank, Extent&& extent, Stride&& stride) {
    into.rank = rank;
    for (int d = 0; d < rank; ++d) {
      set_dimension(into, d, static_cast<std::int64_t>(extent(static_cast<std::size_t>(d))),
                    static_cast<std::int64_t>(stride(static_cast<std::size_t>(d))));
    }
  }

  // C arrays: of one dimension, a range; of more, a view.
  template <class Array>
  static void set_array(call_argument& into, Array& array) {
    constexpr int rank = static_cast<int>(std::rank_v<Array>);
    if constexpr (rank == 1) {
      into.count = static_cast<std::int64_t>(std::extent_v<Array>);
      set_data(into, &array[0]);
    } else if constexpr (rank_fits<rank>()) {
      into.rank = rank;
      std::int64_t stride = 1;
      for (int d = rank; d-- > 0;) {
        set_dimension(into, d, dsl::array_extent<Array>(d), stride);
        stride *= dsl::array_extent<Array>(d);
      }
      set_data(into, reinterpret_cast<std::remove_all_extents_t<Array>*>(&array));
    }
  }

  template <class View>
  static void set_matrix(call_argument& into, View& view) {
    if constexpr (Parameter::rank == 2) {
      into.rank = 2;
      set_dimension(into, 0, static_cast<std::int64_t>(view.rows()),
                    static_cast<std::int64_t>(view.rowStride()));
      set_dimension(into, 1, static_cast<std::int64_t>(view.cols()),
                    static_cast<std::int64_t>(view.colStride()));
      set_data(into, view.data());
    } else if constexpr (rank_fits < View::IsVectorAtCompileTime ? 1 : 2 > ()) {
      into.rank = 1;
      set_dimension(into, 0, static_cast<std::int64_t>(view.size()),
                    static_cast<std::int64_t>(view.innerStride()));
      set_data(into, view.data());
    }
  }

  /// Tensors. Views are tried first: a view is often a range as well.
  template <class Argument>
  static void read_tensor(call_argument& into, Argument& argument) {
    using plain = std::remove_cv_t<Argument>;
    into.given = true;
    if constexpr (std::is_array_v<Argument>) {
      set_array(into, argument);
    } else if constexpr (std::is_pointer_v<plain>) {
      set_data(into, argument);
    } else if constexpr (mdspan_like<plain>) {
      if constexpr (rank_fits<static_cast<int>(plain::rank())>()) {
        set_shape(
            into, Parameter::rank, [&](std::size_t d) { return argument.extent(d); },
            [&](std::size_t d) { return argument.stride(d); });
        set_data(into, argument.data_handle());
      }
    } else if constexpr (eigen_like<plain>) {
      set_matrix(into, argument);
    } else if constexpr (kokkos_like<plain>) {
      set_shape(
          into, rank_of(argument), [&](std::size_t d) { return argument.extent(d); },
          [&](std::size_t d) { return argument.stride(d); });
      set_data(into, argument.data());
    } else if constexpr (xtensor_like<plain>) {
      set_shape(
          into, static_cast<int>(argument.shape().size()),
          [&](std::size_t d) { return argument.shape()[d]; },
          [&](std::size_t d) { return argument.strides()[d]; });
      set_data(into, argument.data());
    } else if constexpr (contiguous<Argument>) {
      into.count = static_cast<std::int64_t>(argument.size());
      set_data(into, argument.data());
    } else if constexpr (Parameter::rank == 0 && std::is_arithmetic_v<plain>) {
      into.count = 1;
      set_data(into, &argument);
    } else {
      static_assert(rule::is_tensor_argument<id, plain>, LATHE_E064);
    }
  }

  /// Params: a number, copied to `slot`. Conversions are those of a C call, except that a param of
  /// integers takes no floating-point number.
  template <class Argument>
  static void read_number(call_argument& into, unsigned char* slot, Argument& argument) {
    using plain = std::remove_cv_t<Argument>;
    if constexpr (std::is_arithmetic_v<plain> &&
                  (std::is_floating_point_v<element> || std::is_integral_v<plain>)) {
      const auto number = static_cast<element>(argument);
      std::memcpy(slot, &number, sizeof number);
      into.data = slot;
      into.count = 1;
      into.given = true;
    } else {
      static_assert(rule::is_a_value<id, element, plain>, LATHE_E068);
    }
  }
};

/// Position of Id in a list, its size if it is not there.
template <class Id, class... Ids>
constexpr int position_of() {
  int position = 0;
  static_cast<void>(((std::is_same_v<Id, Ids> || (++position, false)) || ...));
  return position;
}

}  // namespace detail

/// The arguments of one call, one entry per parameter of the operator. Lives as long as the call:
/// it points to the caller's data and to its own copies of the params.
/// @tparam Bound names of parameters that the call does not take
template <class Operation, class Bound = name_list<>>
class call_arguments;

template <class Id, class... Parameters, class... Statements, class... BoundIds>
class call_arguments<dsl::operation<Id, dsl::parameter_list<Parameters...>, Statements...>,
                     name_list<BoundIds...>> {
  using operation = dsl::operation<Id, dsl::parameter_list<Parameters...>, Statements...>;

 public:
  /// Number of entries.
  static constexpr int size = static_cast<int>(sizeof...(Parameters));

  /// Reads all arguments, in the order of op<"name">(...) or all by name in any order.
  /// @error E060 to E068
  template <class... Arguments>
  explicit call_arguments(Arguments&&... arguments) {
    constexpr int given = static_cast<int>(sizeof...(Arguments));
    constexpr int named = (0 + ... + int{detail::is_named<std::remove_cvref_t<Arguments>>});
    if constexpr (!rule::all_or_no_arguments_have_names<named, given>) {
      static_assert(rule::all_or_no_arguments_have_names<named, given>, LATHE_E067);
    } else if constexpr (named > 0) {
      if constexpr (names_are_parameters<Arguments...>()) {
        if constexpr (names_are_complete(
                          dsl::parameter_list<Parameters...>{},
                          name_list<typename std::remove_cvref_t<Arguments>::id...>{})) {
          (read_named(arguments), ...);
        }
      }
    } else if constexpr (given != taken) {
      static_assert(rule::takes_arguments<taken, given>, LATHE_E060);
    } else {
      read_in_order(dsl::parameter_list<Parameters...>{}, arguments...);
    }
  }

  call_arguments(const call_arguments&) = delete;
  call_arguments& operator=(const call_arguments&) = delete;

  /// One entry per parameter; those of bound parameters are not `given`.
  const call_argument* data() const { return entries_; }
  /// First element of parameter number `parameter`.
  void* pointer(int parameter) const { return entries_[parameter].data; }

  /// check_arguments() on these entries.
  std::optional<error> check(const desc_view& description) const {
    return check_arguments(description, entries_);
  }

 private:
  static constexpr int taken = size - static_cast<int>(sizeof...(BoundIds));

  template <class Parameter>
  static constexpr bool is_bound = detail::position_of<typename Parameter::id, BoundIds...>() <
                                   int(sizeof...(BoundIds));

  template <class Parameter>
  static constexpr int position =
      detail::position_of<typename Parameter::id, typename Parameters::id...>();

  template <class Parameter>
  using reader = detail::argument_reader<
      Parameter,
      (detail::structure_of<operation>::value.tensor_table[position<Parameter>].producer >= 0)>;

  template <class Name>
  static constexpr bool is_free_parameter =
      ((std::is_same_v<typename Parameters::id, Name> && !is_bound<Parameters>) || ...);

  // One message per call: the first foreign name, or the first parameter without a value.
  template <class Argument, class... Arguments>
  static constexpr bool names_are_parameters() {
    using name = typename std::remove_cvref_t<Argument>::id;
    if constexpr (!is_free_parameter<name>) {
      static_assert(rule::is_parameter<name>, LATHE_E066);
      return false;
    } else if constexpr (sizeof...(Arguments) > 0) {
      return names_are_parameters<Arguments...>();
    } else {
      return true;
    }
  }
  template <class... Names>
  static constexpr bool names_are_complete(dsl::parameter_list<>, name_list<Names...>) {
    return true;
  }
  template <class Parameter, class... Rest, class... Names>
  static constexpr bool names_are_complete(dsl::parameter_list<Parameter, Rest...>,
                                           name_list<Names...> names) {
    using name = typename Parameter::id;
    constexpr int times = (0 + ... + int{std::is_same_v<name, Names>});
    if constexpr (times != (is_bound<Parameter> ? 0 : 1)) {
      static_assert(rule::is_given_once<name>, LATHE_E065);
      return false;
    } else {
      return names_are_complete(dsl::parameter_list<Rest...>{}, names);
    }
  }

  template <class Parameter, class Argument>
  void read(Argument& argument) {
    constexpr int n = position<Parameter>;
    if constexpr (dsl::is_param<Parameter>) {
      reader<Parameter>::read_number(entries_[n], numbers_[n], argument);
    } else {
      reader<Parameter>::read_tensor(entries_[n], argument);
    }
  }

  // Arguments belong to the parameters that are not bound, in order.
  void read_in_order(dsl::parameter_list<>) {}
  template <class Parameter, class... Rest, class... Arguments>
  requires(is_bound<Parameter>) void read_in_order(dsl::parameter_list<Parameter, Rest...>,
                                                   Arguments&... arguments) {
    read_in_order(dsl::parameter_list<Rest...>{}, arguments...);
  }
  template <class Parameter, class... Rest, class Argument, class... Arguments>
  requires(!is_bound<Parameter>) void read_in_order(dsl::parameter_list<Parameter, Rest...>,
                                                    Argument& argument, Arguments&... arguments) {
    read<Parameter>(argument);
    read_in_order(dsl::parameter_list<Rest...>{}, arguments...);
  }

  template <class Named>
  void read_named(const Named& named) {
    (read_if_named<Parameters>(named), ...);
  }
  template <class Parameter, class Named>
  void read_if_named(const Named& named) {
    if constexpr (std::is_same_v<typename Parameter::id, typename Named::id>) {
      read<Parameter>(named.argument);
    }
  }

  call_argument entries_[size];
  alignas(8) unsigned char numbers_[size][8];  // copies of the params
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/api/arguments.ipp>
#endif

// A second, independent analysis: Boost.Hana on the expression types, against the constexpr visitor
// on values. It recovers loop counts and the stage graph from the types alone. It costs ten to
// sixty times the visitor's compile time, which is why it lives here and not in include/.
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/ops/shift.hpp>
#include <lathe/ops/softmax.hpp>
#include <lathe/ops/transposed_convolution.hpp>

#include <boost/hana/basic_tuple.hpp>
#include <boost/hana/contains.hpp>
#include <boost/hana/fold_left.hpp>
#include <boost/hana/insert.hpp>
#include <boost/hana/integral_constant.hpp>
#include <boost/hana/length.hpp>
#include <boost/hana/not_equal.hpp>
#include <boost/hana/set.hpp>
#include <boost/hana/tuple.hpp>
#include <boost/hana/type.hpp>
#include <boost/hana/union.hpp>

namespace {

namespace hana = boost::hana;
using namespace lathe::dsl;

// The tensors that an expression reads, as a set of name types; and its reduce axes, counted.
template <class Node>
struct analysis {
  static constexpr auto reads = hana::make_set();
  static constexpr int reduce_loops = 0;
};

template <class... Children>
struct combined {
  static constexpr auto reads = hana::fold_left(hana::make_tuple(analysis<Children>::reads...),
                                                hana::make_set(), hana::union_);
  static constexpr int reduce_loops = (analysis<Children>::reduce_loops + ... + 0);
};

template <lathe::opcode Op, class Left, class Right>
struct analysis<index_binary<Op, Left, Right>> : combined<Left, Right> {};
template <class Value>
struct analysis<gather<Value>> : combined<Value> {};
template <class Index>
struct analysis<index_value<Index>> : combined<Index> {};
template <lathe::opcode Op, class Left, class Right>
struct analysis<binary<Op, Left, Right>> : combined<Left, Right> {};
template <lathe::opcode Op, class Operand>
struct analysis<unary<Op, Operand>> : combined<Operand> {};
template <class Condition, class Yes, class No>
struct analysis<selection<Condition, Yes, No>> : combined<Condition, Yes, No> {};
template <class Element, class Operand>
struct analysis<conversion<Element, Operand>> : combined<Operand> {};
template <class Reducer, class Value, class... Axes>
struct analysis<reduction<Reducer, Value, Axes...>> : combined<Value> {
  static constexpr int reduce_loops = combined<Value>::reduce_loops + int(sizeof...(Axes));
};
template <class Tensor, class... Indices>
struct analysis<access<Tensor, Indices...>> : combined<Indices...> {
  static constexpr auto reads =
      hana::insert(combined<Indices...>::reads, hana::type_c<typename Tensor::id>);
};

template <class Statement>
struct stage;
template <class Tensor, class Value, class... Axes>
struct stage<statement<Tensor, Value, Axes...>> : analysis<Value> {
  using output = typename Tensor::id;
  static constexpr int spatial_loops = int(sizeof...(Axes));
};

template <class Operation>
struct graph;
template <class Id, class Parameters, class... Statements>
struct graph<operation<Id, Parameters, Statements...>> {
  static constexpr int spatial_loops = (stage<Statements>::spatial_loops + ...);
  static constexpr int reduce_loops = (stage<Statements>::reduce_loops + ...);

  // Number of stages that read what Statement computes.
  template <class Statement>
  static constexpr int consumers() {
    constexpr auto output = hana::type_c<typename stage<Statement>::output>;
    return (int{decltype(hana::contains(stage<Statements>::reads, output))::value} + ...);
  }

  static constexpr bool agrees_with(const auto& desc) {
    int s = 0;
    return spatial_loops == desc.spatial_loops() && reduce_loops == desc.reduce_loops() &&
           ((consumers<Statements>() == desc.consumers(s++)) && ...);
  }
};

template <class Operation>
constexpr bool agree(const Operation& operation) {
  return graph<Operation>::agrees_with(lathe::describe(operation));
}

static_assert(agree(lathe::ops::gemm(8, 8, 8)));
static_assert(agree(lathe::ops::bilinear(8, 8, 8, 8)));
static_assert(agree(lathe::ops::conv_transpose1d(1, 4, 8, 4, 3, 2, 1)));
static_assert(agree(lathe::ops::shift(1, 8, 8, 4, 3)));
static_assert(agree(lathe::ops::softmax(4, 8)));

}  // namespace

/// @file
/// The seam: walks an operator's expression types once and writes the flat description. In: an
/// operation of dsl/op.hpp. Out: `description`, a constexpr value convertible to desc_view. The
/// same code runs at compile time, on operators whose numbers are constants, and at run time.
#pragma once

#include <lathe/analysis/description.hpp>
#include <lathe/analysis/explain.hpp>
#include <lathe/dsl/op.hpp>

namespace lathe {
namespace detail {

/// Writes the entries of a description, one overload per kind of expression node. The first broken
/// rule is kept in `problem`; writing goes on, so that counts stay right.
struct description_writer {
  desc_expr* exprs;
  desc_axis* axes;
  desc_tensor* tensors;
  desc_access* accesses;
  desc_stage* stages;
  short expr_count = 0, axis_count = 0, tensor_count = 0, access_count = 0, stage_count = 0;
  short guard_depth = 0;     // number of selects around the current expression
  std::uint64_t closed = 0;  // bit n: axis n of the stage is a reduce axis whose reduction ended
  diagnosis problem{};

  // ---------------------------------------------------------------- entries
  constexpr void report(diagnostic code, const char* subject, const char* place = "",
                        std::int64_t found = 0, std::int64_t limit = 0) {
    if (problem.ok()) problem = {code, subject, place, found, limit};
  }
  constexpr short stage() const { return static_cast<short>(stage_count - 1); }
  constexpr desc_stage& current() { return stages[stage()]; }
  constexpr short push(const desc_expr& node) {
    exprs[expr_count] = node;
    return expr_count++;
  }
  constexpr short push_integer(dtype type, std::int64_t value) {
    desc_expr node{opcode::literal, type};
    node.imm = value;
    return push(node);
  }

  constexpr void open_axis(const char* name, std::int64_t extent, bool reduce) {
    desc_stage& s = current();
    for (int n = s.first_axis; n < axis_count; ++n) {
      const bool is_same = is_open(n) && same_text(axes[n].name, name);
      if (is_same) report(diagnostic::axis_used_twice, name, s.name);
    }
    const bool is_full = axis_count - s.first_axis == max_stage_axes;
    if (is_full) report(diagnostic::too_many_loops, s.name, s.name);
    axes[axis_count++] = {name, extent, stage(), reduce};
    ++(reduce ? s.reduce : s.spatial);
  }
  constexpr bool is_open(int axis) const {
    const int position = axis - stages[stage()].first_axis;
    return position >= 64 || (closed >> position & 1) == 0;
  }
  constexpr void close_axes(int first, int last) {
    for (int n = first; n < last; ++n) {
      const int position = n - current().first_axis;
      if (position < 64) closed |= std::uint64_t{1} << position;
    }
  }
  constexpr short find_axis(const char* name, std::int64_t extent) {
    const desc_stage& s = current();
    bool is_closed = false;
    for (short n = s.first_axis; n < axis_count; ++n) {
      if (!same_text(axes[n].name, name)) continue;
      if (is_open(n)) {
        // From the type alone, a run-time extent may yet turn out equal to a static one.
        const bool both_known = extent != unknown_extent && axes[n].extent != unknown_extent;
        if (both_known && axes[n].extent != extent) {
          report(diagnostic::two_extents, name, s.name, extent, axes[n].extent);
        }
        return n;
      }
      is_closed = true;
    }
    report(is_closed ? diagnostic::axis_outside_reduction : diagnostic::unbound_axis, name, s.name);
    return s.first_axis;
  }

  constexpr short find_tensor(const char* name, dtype type, int rank, bool scalar) {
    for (short n = 0; n < tensor_count; ++n) {
      if (!same_text(tensors[n].name, name)) continue;
      if (tensors[n].type != type || tensors[n].rank != rank || tensors[n].scalar != scalar) {
        report(diagnostic::name_clash, name, stage_count > 0 ? current().name : "");
      }
      return n;
    }
    desc_tensor& tensor = tensors[tensor_count];
    tensor.name = name;
    tensor.type = type;
    tensor.rank = static_cast<short>(rank);
    tensor.scalar = scalar;
    return tensor_count++;
  }
  template <class Tensor>
  constexpr short tensor_of(const Tensor& source) {
    const short t =
        find_tensor(Tensor::id::text, dtype_of<typename Tensor::element>, Tensor::rank, false);
    desc_tensor& tensor = tensors[t];
    for (int d = 0; d < Tensor::rank && d < tensor.rank; ++d) {
      const std::int64_t extent = source.extent(d);
      if (extent == unknown_extent) continue;
      if (tensor.declared && tensor.shape[d] != unknown_extent && tensor.shape[d] != extent) {
        report(diagnostic::two_shapes, tensor.name, "", extent, tensor.shape[d]);
      }
      tensor.shape[d] = extent;
      tensor.declared = true;
    }
    return t;
  }
  template <class Id, class Element>
  constexpr short tensor_of(const dsl::basic_param<Id, Element>&) {
    return find_tensor(Id::text, dtype_of<Element>, 0, true);
  }

  constexpr short open_access(short tensor, bool write) {
    desc_access& access = accesses[access_count];
    access.tensor = tensor;
    access.stage = stage();
    access.write = write;
    access.guarded = guard_depth > 0;
    return access_count++;
  }
  constexpr short load(short access) {
    desc_tensor& tensor = tensors[accesses[access].tensor];
    const desc_stage& s = current();
    tensor.read = true;
    if (accesses[access].tensor == s.tensor) {
      report(diagnostic::reads_own_output, tensor.name, s.name);
    } else if (tensor.producer < 0 && tensor.param < 0) {
      report(diagnostic::tensor_not_available, tensor.name, s.name);
    }
    desc_expr node{opcode::load, tensor.type};
    node.imm = access;
    return push(node);
  }
  template <class Tensor, class... Indices>
  constexpr short access_of(const dsl::access<Tensor, Indices...>& source, bool write) {
    short index[max_rank + 1] = {};
    const short tensor = tensor_of(source.tensor);
    hana::unpack(source.indices, [&](const Indices&... indices) {
      int d = 0;
      ((index[d++] = emit_index(indices)), ...);
    });
    const short access = open_access(tensor, write);
    for (std::size_t d = 0; d < sizeof...(Indices); ++d) accesses[access].index[d] = index[d];
    return access;
  }

  // ---------------------------------------------------------------- index expressions
  template <class Id, std::int64_t Extent>
  constexpr short emit_index(const dsl::basic_axis<Id, Extent>& axis) {
    desc_expr node{opcode::axis, dtype::i64};
    node.imm = find_axis(Id::text, axis.extent());
    return push(node);
  }
  constexpr short emit_index(const dsl::index_constant& constant) {
    return push_integer(dtype::i64, constant.value);
  }
  template <opcode Op, class Left, class Right>
  constexpr short emit_index(const dsl::index_binary<Op, Left, Right>& node) {
    const short left = emit_index(node.left);
    const short right = emit_index(node.right);
    constexpr opcode op = Op == opcode::div   ? opcode::floor_div
                          : Op == opcode::mod ? opcode::floor_mod
                                              : Op;
    return push({op, dtype::i64, {}, left, right});
  }
  template <class Value>
  constexpr short emit_index(const dsl::gather<Value>& node) {
    const short value = emit(node.value, dtype::i64);
    if (exprs[value].type == dtype::i64) return value;
    return push({opcode::cast, dtype::i64, {}, value});
  }

  // ---------------------------------------------------------------- element expressions
  // `wanted`: the type of an expression of literals alone, which has none of its own.
  template <class Element>
  static constexpr dtype type_of(dtype wanted) {
    return dsl::is_weak(dsl::kind_of<Element>) ? wanted : dsl::kind_of<Element>;
  }
  // The type in which the operands of a comparison meet.
  template <class Left, class Right>
  static constexpr dtype compared_type() {
    constexpr dtype kind =
        dsl::kind_of<dsl::joined<typename Left::element, typename Right::element>>;
    return kind == dtype::weak_int ? dtype::i64 : kind == dtype::weak_float ? dtype::f64 : kind;
  }

  // The nearest f32. Beyond its range the conversion is undefined in C++, and infinite here.
  static constexpr double rounded_to_f32(double number) {
    constexpr double largest = 3.4028234663852886e38;
    if (number > largest) return __builtin_inf();
    if (number < -largest) return -__builtin_inf();
    return static_cast<double>(static_cast<float>(number));
  }

  template <class Element>
  constexpr short emit(const dsl::literal<Element>& node, dtype wanted) {
    const dtype type = type_of<Element>(wanted);
    if (!is_float(type)) return push_integer(type, static_cast<std::int64_t>(node.number));
    desc_expr result{opcode::literal, type};
    result.num = static_cast<double>(node.number);
    if (type != dtype::f64) result.num = rounded_to(type, rounded_to_f32(result.num));
    return push(result);
  }
  template <class Index>
  constexpr short emit(const dsl::index_value<Index>& node, dtype) {
    return emit_index(node.index);
  }
  template <opcode Op, class Left, class Right>
  constexpr short emit(const dsl::binary<Op, Left, Right>& node, dtype wanted) {
    using element = typename dsl::binary<Op, Left, Right>::element;
    const dtype type = type_of<element>(wanted);
    const dtype operands = is_comparison(Op) ? compared_type<Left, Right>() : type;
    const short left = emit(node.left, operands);
    const short right = emit(node.right, operands);
    return push({Op, type, {}, left, right});
  }
  template <opcode Op, class Operand>
  constexpr short emit(const dsl::unary<Op, Operand>& node, dtype wanted) {
    const dtype type = type_of<typename Operand::element>(wanted);
    const short operand = emit(node.operand, type);
    return push({Op, type, {}, operand});
  }
  template <class Condition, class Yes, class No>
  constexpr short emit(const dsl::selection<Condition, Yes, No>& node, dtype wanted) {
    const dtype type = type_of<typename dsl::selection<Condition, Yes, No>::element>(wanted);
    const short condition = emit(node.condition, dtype::boolean);
    ++guard_depth;
    const short yes = emit(node.yes, type);
    const short no = emit(node.no, type);
    --guard_depth;
    return push({opcode::select, type, {}, condition, yes, no});
  }
  template <class Element, class Operand>
  constexpr short emit(const dsl::conversion<Element, Operand>& node, dtype) {
    const short operand = emit(node.operand, dtype_of<Element>);
    return push({opcode::cast, dtype_of<Element>, {}, operand});
  }
  template <class Id, class Element, class... Arguments>
  constexpr short emit(const dsl::external_call<Id, Element, Arguments...>& node, dtype) {
    short operand[4] = {-1, -1, -1, -1};
    hana::unpack(node.arguments, [&](const Arguments&... arguments) {
      int n = 0;
      ((operand[n++] = emit(arguments, dtype_of<Element>)), ...);
    });
    desc_expr result{opcode::call, dtype_of<Element>, {}, operand[0], operand[1], operand[2]};
    result.name = Id::text;
    return push(result);
  }
  template <class Element, int Position>
  constexpr short emit(const dsl::argument<Element, Position>&, dtype wanted) {
    desc_expr node{opcode::arg, type_of<Element>(wanted)};
    node.imm = Position;
    return push(node);
  }
  template <class Reducer, class Value, class... Axes>
  constexpr short emit(const dsl::reduction<Reducer, Value, Axes...>& node, dtype wanted) {
    const dtype type = type_of<typename Value::element>(wanted);
    const short first = axis_count;
    hana::unpack(node.axes, [&](const Axes&... axis) {
      (open_axis(Axes::id::text, axis.extent(), true), ...);
    });
    const short last = axis_count;
    desc_expr result{opcode::reduce, type, Reducer::kind};
    result.a = emit(node.value, type);
    if constexpr (Reducer::kind == reducer_kind::user) {
      result.b = emit(dsl::literal<dsl::weak_float>{node.reducer.identity}, type);
      result.c = emit(node.reducer.template combine<typename Value::element>(), type);
    }
    close_axes(first, last);
    result.imm = first;
    result.count = static_cast<short>(last - first);
    return push(result);
  }
  template <class Tensor, class... Indices>
  constexpr short emit(const dsl::access<Tensor, Indices...>& node, dtype) {
    return load(access_of(node, false));
  }
  template <class Id, class Element>
  constexpr short emit(const dsl::basic_param<Id, Element>& node, dtype) {
    return load(open_access(tensor_of(node), false));
  }

  // ---------------------------------------------------------------- statements and parameters
  template <class Tensor, class Value, class... Axes>
  constexpr void write(const dsl::statement<Tensor, Value, Axes...>& source) {
    closed = 0;
    desc_stage& s = stages[stage_count++];
    s.name = Tensor::id::text;
    s.tensor = -1;
    s.first_axis = axis_count;
    hana::unpack(source.lhs.indices, [&](const Axes&... axis) {
      (open_axis(Axes::id::text, axis.extent(), false), ...);
    });
    s.write = access_of(source.lhs, true);
    s.tensor = accesses[s.write].tensor;
    desc_tensor& output = tensors[s.tensor];
    if (output.producer >= 0) report(diagnostic::computed_twice, s.name);
    if (output.read && output.producer < 0) report(diagnostic::read_before_computed, s.name);
    s.body = emit(source.rhs, output.type);
    output.producer = stage();
  }
  template <class Parameter>
  constexpr void declare(const Parameter& parameter, short position) {
    const short t = tensor_of(parameter);
    if (tensors[t].param >= 0) report(diagnostic::two_parameters_of_one_name, tensors[t].name);
    tensors[t].param = position;
  }
  constexpr void check_use() {
    for (int t = 0; t < tensor_count; ++t) {
      if (tensors[t].read) continue;
      if (tensors[t].producer < 0) {
        report(diagnostic::unused_parameter, tensors[t].name);
      } else if (tensors[t].param < 0) {
        report(diagnostic::unused_intermediate, tensors[t].name);
      }
    }
  }
};

/// Writes all entries of an operator, and checks the rules of structure.
template <class Id, class... Parameters, class... Statements>
constexpr void write_operation(
    description_writer& writer,
    const dsl::operation<Id, dsl::parameter_list<Parameters...>, Statements...>& source) {
  hana::unpack(source.parameters, [&](const Parameters&... parameters) {
    short position = 0;
    (writer.declare(parameters, position++), ...);
  });
  hana::unpack(source.statements,
               [&](const Statements&... statements) { (writer.write(statements), ...); });
  writer.check_use();
}

/// Fills `result` from an operator, infers shapes and checks the rules about numbers.
template <class Description, class Operation>
constexpr Description described(const Operation& source) {
  Description result;
  description_writer writer{result.expr_table, result.axis_table, result.tensor_table,
                            result.access_table, result.stage_table};
  write_operation(writer, source);
  result.name = Operation::id::text;
  result.param_count = static_cast<short>(Operation::params());
  result.expr_count = writer.expr_count;
  result.axis_count = writer.axis_count;
  result.tensor_count = writer.tensor_count;
  result.access_count = writer.access_count;
  result.stage_count = writer.stage_count;
  result.problem = writer.problem.ok() ? complete(result, result.tensor_table) : writer.problem;
  return result;
}

template <class Operation>
struct structure_of {
  // Capacities summed over the expression count a tensor once per access: more than there are.
  static constexpr auto value = described<description_arrays<Operation::size>>(Operation{});
  // The same counts hold for every value of the operator.
  static constexpr capacity exact_size{value.expr_count, value.axis_count, value.tensor_count,
                                       value.access_count, value.stage_count};

  static constexpr int spatial_loops() { return spatial_loops_of(value); }
  static constexpr int spatial_loops(int stage) { return value.stage_table[stage].spatial; }
  static constexpr int reduce_loops() { return reduce_loops_of(value); }
  static constexpr int reduce_loops(int stage) { return value.stage_table[stage].reduce; }
  static constexpr int outputs() { return outputs_of(value); }
  static constexpr fingerprint128 fingerprint() { return fingerprint_of(value, without_extents); }

  static constexpr bool check() {
    constexpr diagnosis problem = value.problem;
    if constexpr (!problem.ok()) {
      explain<problem.code, dsl::id_of<fixed_string::copy_of(problem.subject)>,
              dsl::id_of<fixed_string::copy_of(problem.place)>>();
    }
    return problem.ok();
  }
};

}  // namespace detail

/// The flat description of an operator: a constant expression if the operator is one, otherwise the
/// same code at run time. Never fails: a broken rule about numbers (E027, E043, E052 to E058) is in
/// the result's `problem`; broken rules of structure did not compile.
/// @complexity O(size of the operator); allocates nothing
template <class Operation>
constexpr auto describe(const Operation& operation) {
  if constexpr (dsl::is_poison<Operation>) {
    return description<capacity{}>{};  // the mistake is reported already
  } else {
    auto result =
        detail::described<description<detail::structure_of<Operation>::exact_size>>(operation);
    if (result.problem.ok()) result.problem = find_unknown_shape(result);
    return result;
  }
}

/// describe() of an operator whose numbers are constants: `describe_static([] { return gemm(8, 8,
/// 8); })`. Broken rules about numbers are compile-time errors here.
/// @error E027, E043, E052 to E058
template <class Maker>
constexpr auto describe_static(Maker) {
  constexpr auto result = describe(Maker{}());
  constexpr diagnosis problem = result.problem;
  if constexpr (!problem.ok()) {
    detail::explain<problem.code, dsl::id_of<fixed_string::copy_of(problem.subject)>,
                    dsl::id_of<fixed_string::copy_of(problem.place)>>();
  }
  return result;
}

}  // namespace lathe

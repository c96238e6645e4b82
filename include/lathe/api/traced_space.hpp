/// @file
/// A search space together with the traces that its points stand for, whatever the target: what the
/// store and the trial log need of it. In: cpu_space or gpu_space. Called by the sessions.
#pragma once

#include <lathe/schedule/point.hpp>
#include <lathe/schedule/trace.hpp>

namespace lathe {

/// A view: the space must outlive it.
class traced_space {
 public:
  template <class Space>
  traced_space(const Space& space)  // NOLINT(google-explicit-constructor)
      : points_(&space), trace_of_([](const search_space& of, const point& at) {
          return static_cast<const Space&>(of).to_trace(at);
        }) {}

  const search_space& points() const { return *points_; }
  /// The trace a point stands for. @pre points().is_inside(at)
  trace to_trace(const point& at) const { return trace_of_(*points_, at); }

 private:
  const search_space* points_;
  trace (*trace_of_)(const search_space& of, const point& at);
};

}  // namespace lathe

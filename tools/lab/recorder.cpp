#include "recorder.hpp"

#include <lathe/api/calls.hpp>
#include <lathe/api/cpu_evaluator.hpp>
#include <lathe/core/random.hpp>
#include <lathe/measure/timer.hpp>
#include <lathe/space/cpu_space.hpp>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace lab {
namespace {

using namespace lathe;

/// A program of the table while it is recorded.
struct subject {
  point at;  ///< of the whole space; the first that stands for it
  std::uint64_t hash = 0;
  std::optional<compiled> kernel;
  measurement outcome;
  bool pruned = false;
  int passes = 0;  ///< done
};

/// One line per pass over a program, appended as soon as it is measured:
/// hash, class, early, compile, run [s], samples [s] or the reason.
class notebook {
 public:
  explicit notebook(const std::string& path) : path_(path) {
    if (path_.empty()) return;
    std::ifstream before(path_);
    for (std::string line; std::getline(before, line);) lines_.push_back(line);
    file_.open(path_, std::ios::app);
    if (!file_) throw std::runtime_error("cannot write to the notebook " + path_);
  }

  /// Takes over what was noted before the interruption.
  void resume(std::map<std::uint64_t, subject*>& by_hash) const {
    for (const std::string& line : lines_) {
      std::istringstream in(line);
      std::uint64_t hash = 0;
      std::string kind;
      measurement noted;
      if (!(in >> hash >> kind >> noted.stopped_early >> noted.compile_seconds >>
            noted.run_seconds))
        continue;  // torn
      noted.failed = failure_named(kind);
      if (noted.failed == failure::none)
        for (double seconds = 0; in >> seconds;) noted.samples.push_back(seconds);
      else
        std::getline(in >> std::ws, noted.reason);
      const auto found = by_hash.find(hash);
      if (found != by_hash.end() && (noted.ok() || noted.failed != failure::none))
        add(*found->second, noted);
    }
  }

  void note(subject& of, const measurement& pass) {
    if (file_.is_open()) {
      file_ << of.hash << ' ' << name_of(pass.failed) << ' ' << pass.stopped_early << ' '
            << pass.compile_seconds << ' ' << pass.run_seconds;
      file_.precision(9);
      for (const double seconds : pass.samples) file_ << ' ' << seconds;
      if (!pass.ok()) file_ << ' ' << pass.reason;
      file_ << '\n' << std::flush;
    }
    add(of, pass);
  }

 private:
  /// A failure in any pass is a failure of the program; a hopeless one is not measured again.
  static void add(subject& to, const measurement& pass) {
    ++to.passes;
    if (!to.outcome.ok() && to.passes > 1) return;
    if (pass.ok() && to.passes > 1) {
      to.outcome.samples.append(pass.samples.begin(), pass.samples.end());
      return;
    }
    to.outcome = pass;
  }

  std::string path_;
  std::vector<std::string> lines_;
  std::ofstream file_;
};

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text.substr(0, 200);
}

class recorder {
 public:
  recorder(const desc_view& desc, const tuning_request& request, const recording& how,
           const native::jit& compiler)
      : request_(request),
        how_(how),
        compiler_(compiler),
        program_(make_program(desc)),
        space_(program_, request.target, {request.bound, request.threads}),
        part_(space_, how.variations) {}

  recorded_table run() {
    enumerate();
    notebook notes(how_.notebook);
    std::map<std::uint64_t, subject*> by_hash;
    for (const auto& each : subjects_) by_hash[each->hash] = each.get();
    notes.resume(by_hash);
    compile();
    measure(notes);
    for (const auto& each : subjects_) {
      each->outcome.reason = one_line(each->outcome.reason);
      table_.programs.push_back({each->outcome, each->pruned});
    }
    return std::move(table_);
  }

 private:
  static constexpr std::size_t most_points = 1 << 20;

  void enumerate() {
    table_.title = how_.title;
    table_.command = how_.command;
    table_.machine = request_.target.model + ", " + name_of(request_.target.set) + ", " +
                     std::to_string(request_.threads) + " thread" +
                     (request_.threads == 1 ? "" : "s");
    table_.sites = part_.sites();
    table_.estimates.push_back(part_.in_part(space_.estimates[0]));
    std::size_t points = 1;
    for (const site& each : table_.sites) points *= static_cast<std::size_t>(each.choices);
    if (points > most_points)
      throw std::runtime_error(std::to_string(points) + " points are too many: vary less");
    std::map<std::uint64_t, std::int32_t> number_of;
    for (std::size_t index = 0; index < points; ++index) {
      const point at = part_.in_whole(table_.point_at(index));
      const std::uint64_t hash = space_.hash(at);
      const auto [found, is_new] =
          number_of.emplace(hash, static_cast<std::int32_t>(subjects_.size()));
      table_.program_of.push_back(found->second);
      if (!is_new) continue;
      auto made = std::make_unique<subject>();
      made->at = at;
      made->hash = hash;
      if (const std::optional<rejection> why = space_.why_rejected(at)) {
        made->pruned = true;
        made->outcome =
            measurement::failure_of(why->resource ? failure::limit : failure::illegal, why->reason);
      }
      subjects_.push_back(std::move(made));
    }
    std::fprintf(stderr, "%zu points, %zu programs\n", points, subjects_.size());
  }

  bool is_open(const subject& of) const {
    return !of.pruned && of.passes < how_.passes &&
           (of.passes == 0 || (of.outcome.ok() && !of.outcome.stopped_early));
  }

  void compile() {
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
      for (std::size_t at = next++; at < subjects_.size(); at = next++) {
        subject& of = *subjects_[at];
        if (!is_open(of)) continue;
        const double start = thread_seconds();  // other programs may have the CPU
        result<compiled> made = compile_trace(program_, space_.to_trace(of.at), request_.target,
                                              compiler_, {request_.bound, request_.strict_fp});
        if (made) {
          of.kernel.emplace(std::move(*made));
        } else {
          const bool illegal = made.error().id().starts_with("LATHE-E2");
          of.outcome = measurement::failure_of(illegal ? failure::illegal : failure::compile,
                                               made.error().what());
          of.passes = how_.passes;
        }
        of.outcome.compile_seconds = thread_seconds() - start;
      }
    };
    std::fprintf(stderr, "compiling\n");
    std::vector<std::thread> others;
    for (int at = 1; at < request_.target.threads; ++at) others.emplace_back(work);
    work();
    for (std::thread& each : others) each.join();
  }

  void measure(notebook& notes) {
    const trace estimate = space_.to_trace(space_.estimates[0]);
    oracle answer = make_oracle(program_, estimate, request_.target, compiler_,
                                {request_.bound, request_.strict_fp}, request_.seed)
                        .value();
    answer.arguments->make_sets(rotating_sets(answer.arguments->bytes(), request_.target));
    sequence<std::string> remarks;
    const owner<worker> bench =
        lathe::detail::make_bench(request_, compiler_, *answer.arguments, remarks).value();
    for (const std::string& each : remarks) std::fprintf(stderr, "note: %s\n", each.c_str());
    measure_options options;
    options.time_limit = 2;
    options.timing.min_samples = options.timing.max_samples = 2;
    options.timing.hopeless_factor = 4;
    if (request_.threads == 1) options.timing.clock = &thread_seconds;
    for (const auto& each : subjects_)
      options.timing.best_seconds = std::min(options.timing.best_seconds, each->outcome.seconds());
    std::vector<std::size_t> order(subjects_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    random_engine engine(request_.seed);
    for (int pass = 0; pass < how_.passes; ++pass) {
      std::fprintf(stderr, "measuring, pass %d of %d\n", pass + 1, how_.passes);
      for (std::size_t left = order.size(); left > 1; --left)
        std::swap(order[left - 1], order[engine.below(static_cast<std::uint32_t>(left))]);
      for (const std::size_t at : order) {
        subject& of = *subjects_[at];
        if (!of.kernel || !is_open(of) || of.passes > pass) continue;
        const double compile_seconds = of.outcome.compile_seconds;
        measurement outcome =
            bench->measure(of.kernel->plan, of.kernel->object, answer.wanted, options);
        outcome.compile_seconds = compile_seconds;
        outcome.run_seconds += std::exchange(outcome.check_seconds, 0);
        outcome.reason = one_line(outcome.reason);
        options.timing.best_seconds = std::min(options.timing.best_seconds, outcome.seconds());
        notes.note(of, outcome);
      }
    }
    std::fprintf(stderr, "measured\n");
  }

  const tuning_request& request_;
  const recording& how_;
  native::jit compiler_;
  program program_;
  cpu_space space_;
  restriction part_;
  recorded_table table_;
  std::vector<std::unique_ptr<subject>> subjects_;  // in the order of their numbers
};

}  // namespace

recorded_table record_space(const desc_view& desc, const tuning_request& request,
                            const recording& how) {
  const native::jit compiler = native::jit::create(request.target).value();
  const result<bool> callable = define_calls(make_program(desc), compiler);
  if (!callable) fail(callable.error().id(), callable.error().text());
  return recorder(desc, request, how, compiler).run();
}

}  // namespace lab

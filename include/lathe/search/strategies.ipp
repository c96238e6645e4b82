/// @file
/// Bodies of strategies.hpp.
#pragma once

#include <lathe/core/error.hpp>
#include <lathe/search/annealing.hpp>
#include <lathe/search/bayesian_search.hpp>
#include <lathe/search/evolve.hpp>
#include <lathe/search/forest_annealing.hpp>
#include <lathe/search/genetic.hpp>
#include <lathe/search/learned_annealing.hpp>
#include <lathe/search/learned_evolution.hpp>
#include <lathe/search/p_method.hpp>
#include <lathe/search/policy_gradient.hpp>
#include <lathe/search/q_method.hpp>
#include <lathe/search/random.hpp>
#include <lathe/search/random_walk.hpp>
#include <lathe/search/strategies.hpp>
#include <lathe/search/strategy_parameters.hpp>

#include <array>

namespace lathe {
namespace detail {

LATHE_INLINE void read(strategy_parameters& from, random_walk_options& to) {
  from.read("restart", to.restart);
}
LATHE_INLINE void read(strategy_parameters& from, variation_options& to) {
  from.read("further_move", to.further_move);
  from.read("jump", to.jump);
}
LATHE_INLINE void read(strategy_parameters& from, evolve_options& to) {
  from.read("population", to.population);
  from.read("generation", to.generation);
  from.read("tournament", to.tournament);
  from.read("crossover", to.crossover);
  read(from, to.variation);
  from.read("random_share", to.random_share);
  from.read("random_start", to.random_start);
}
LATHE_INLINE void read(strategy_parameters& from, annealing_options& to) {
  from.read("chains", to.chains);
  from.read("temperature", to.temperature);
  from.read("cooling", to.cooling);
}
LATHE_INLINE void read(strategy_parameters& from, genetic_options& to) {
  from.read("population", to.population);
  from.read("tournament", to.tournament);
  from.read("elite", to.elite);
  from.read("mutation", to.mutation);
}
LATHE_INLINE void read(strategy_parameters& from, policy_gradient_options& to) {
  from.read("batch", to.batch);
  from.read("rate", to.rate);
  from.read("entropy", to.entropy);
  from.read("cooling", to.cooling);
}
/// "released" decides about the defaults of all others, so it is read first.
template <class Options>
Options flextensor_options(strategy_parameters& from) {
  int released = 0;
  from.read("released", released);
  return released != 0 ? Options::released() : Options{};
}
LATHE_INLINE void read(strategy_parameters& from, p_method_options& to) {
  to = flextensor_options<p_method_options>(from);
  from.read("gamma", to.gamma);
  from.read("warmup", to.warmup);
  from.read("patience", to.patience);
  from.read("parallel", to.parallel);
}
LATHE_INLINE void read(strategy_parameters& from, q_method_options& to) {
  to = flextensor_options<q_method_options>(from);
  from.read("starts", to.starts);
  from.read("steps", to.steps);
  from.read("gamma", to.gamma);
  from.read("alpha", to.alpha);
  from.read("epsilon", to.epsilon);
  from.read("epsilon_decay", to.epsilon_decay);
  from.read("least_epsilon", to.least_epsilon);
  from.read("warmup", to.warmup);
  from.read("patience", to.patience);
  from.read("width", to.width);
  from.read("train_every", to.train_every);
  from.read("batches", to.batches);
  from.read("batch", to.batch);
  from.read("replay", to.replay);
  from.read("rate", to.step.rate);
}

LATHE_INLINE void read(strategy_parameters& from, point_model_options& to) {
  from.read("rounds", to.trees.rounds);
  from.read("depth", to.trees.depth);
  from.read("rate", to.trees.rate);
  from.read("past_share", to.past_share);
  from.read("past_half_life", to.past_half_life);
}
LATHE_INLINE void read(strategy_parameters& from, annealer_options& to) {
  from.read("chains", to.chains);
  from.read("steps", to.steps);
  from.read("temperature", to.temperature);
}
LATHE_INLINE void read(strategy_parameters& from, learned_annealing_options& to) {
  from.read("plan", to.plan);
  from.read("random_share", to.random_share);
  from.read("diversity", to.diversity);
  from.read("candidates", to.candidates);
  read(from, to.annealer);
  int rank = 1;
  from.read("rank", rank);
  if (rank == 0) to.model.loss = model_loss::squared;
  read(from, to.model);
}
LATHE_INLINE void read(strategy_parameters& from, forest_annealing_options& to) {
  from.read("plan", to.plan);
  read(from, to.annealer);
  from.read("trees", to.forest.trees);
  from.read("columns", to.forest.columns);
}
LATHE_INLINE void read(strategy_parameters& from, learned_evolution_options& to) {
  from.read("plan", to.plan);
  from.read("first", to.first);
  from.read("population", to.population);
  from.read("generations", to.generations);
  from.read("mutation", to.mutation);
  from.read("crossover", to.crossover);
  from.read("measured_share", to.measured_share);
  from.read("random_share", to.random_share);
  read(from, to.variation);
  int weighted = 1;
  from.read("weighted", weighted);
  if (weighted == 0) to.model.loss = model_loss::squared;
  read(from, to.model);
}
LATHE_INLINE void read(strategy_parameters& from, bayesian_options& to) {
  from.read("initial", to.initial);
  from.read("candidates", to.candidates);
  from.read("redraw", to.redraw);
  from.read("advanced", to.advanced);
  from.read("logarithm", to.logarithm);
  from.read("length", to.process.length);
  from.read("noise", to.process.noise);
}

template <class Strategy, class Options>
owner<strategy> make_with(strategy_parameters& from, const strategy_setting& setting) {
  Options options;
  read(from, options);
  from.require_all_read();
  if constexpr (requires { Strategy(setting, options); })
    return owner<strategy>(new Strategy(setting, options));
  else
    return owner<strategy>(new Strategy(setting.space, setting.seed, options));
}

LATHE_INLINE owner<strategy> make_random(strategy_parameters& from,
                                         const strategy_setting& setting) {
  from.require_all_read();
  return owner<strategy>(new random_search(setting.space, setting.seed));
}

/// A strategy and how to make it.
struct listed_strategy {
  strategy_info info;
  owner<strategy> (*make)(strategy_parameters& from, const strategy_setting& setting);
};

inline constexpr std::array listed_strategies{
    listed_strategy{{"random", "uniform, without replacement: what others must beat"},
                    &make_random},
    listed_strategy{{"random_walk", "random directions, one after the other"},
                    &make_with<random_walk, random_walk_options>},
    listed_strategy{{"evolve", "the best points crossed and mutated (Ansor without its model)"},
                    &make_with<evolutionary_search, evolve_options>},
    listed_strategy{{"anneal", "simulated annealing of measured times"},
                    &make_with<annealing_search, annealing_options>},
    listed_strategy{{"genetic", "generations of a genetic algorithm (after Woodpecker-DL)"},
                    &make_with<genetic_search, genetic_options>},
    listed_strategy{{"policy", "policy gradient, a softmax per decision (after Woodpecker-DL)"},
                    &make_with<policy_gradient, policy_gradient_options>},
    listed_strategy{{"p_method", "all directions of good points (FlexTensor)"},
                    &make_with<p_method, p_method_options>},
    listed_strategy{{"q_method", "good points, directions by deep Q-learning (FlexTensor)"},
                    &make_with<q_method, q_method_options>},
    listed_strategy{{"autotvm", "annealing on a learned model, rank loss, diverse plans (AutoTVM)"},
                    &make_with<learned_annealing, learned_annealing_options>},
    listed_strategy{{"adatune", "annealing on what a random forest expects to gain (AdaTune)"},
                    &make_with<forest_annealing, forest_annealing_options>},
    listed_strategy{{"model_evolve", "evolution on a learned model (Ansor, MetaSchedule)"},
                    &make_with<learned_evolution, learned_evolution_options>},
    listed_strategy{{"bayes", "Gaussian process, acquisition portfolio (Kernel Tuner)"},
                    &make_with<bayesian_search, bayesian_options>},
};

inline constexpr auto strategy_list = [] {
  std::array<strategy_info, listed_strategies.size()> list{};
  for (std::size_t n = 0; n < list.size(); ++n) list[n] = listed_strategies[n].info;
  return list;
}();

LATHE_INLINE owner<strategy> make_strategy(strategy_parameters& from,
                                           const strategy_setting& setting) {
  std::string names;
  for (const listed_strategy& each : listed_strategies) {
    if (from.name() == each.info.name) return each.make(from, setting);
    names += (names.empty() ? "" : ", ") + std::string(each.info.name);
  }
  fail("LATHE-E520", "no strategy is called '" + from.name() + "': there are " + names);
}

}  // namespace detail

LATHE_INLINE std::span<const strategy_info> strategies() { return detail::strategy_list; }

LATHE_INLINE owner<strategy> make_strategy(const std::string& text,
                                           const strategy_setting& setting) {
  strategy_parameters parameters(text);
  return detail::make_strategy(parameters, setting);
}

LATHE_INLINE std::string parameters_of(const std::string& text) {
  strategy_parameters parameters(text);
  const search_space nothing;
  detail::make_strategy(parameters, {nothing});
  return parameters.known();
}

LATHE_INLINE strategy_maker lab_strategy(const std::string& text) {
  parameters_of(text);  // complains now, not when the space is known
  return {text, [](const std::string& named, const strategy_setting& setting) {
            return make_strategy(named, setting);
          }};
}

}  // namespace lathe

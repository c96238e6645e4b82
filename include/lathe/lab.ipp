/// @file
/// Every run-time body of lab.hpp once, in dependency order: a translation unit of its own in
/// lathe::compiled, so that programs without a lab do not have it.
#pragma once

#include <lathe/search/table.ipp>
#include <lathe/model/losses.ipp>
#include <lathe/model/boosted_trees.ipp>
#include <lathe/model/random_forest.ipp>
#include <lathe/model/gaussian_process.ipp>
#include <lathe/model/network.ipp>
#include <lathe/search/planned_search.ipp>
#include <lathe/search/random_walk.ipp>
#include <lathe/search/annealing.ipp>
#include <lathe/search/genetic.ipp>
#include <lathe/search/policy_gradient.ipp>
#include <lathe/search/starting_points.ipp>
#include <lathe/search/p_method.ipp>
#include <lathe/search/q_method.ipp>
#include <lathe/search/nest_walk.ipp>
#include <lathe/search/statement_features.ipp>
#include <lathe/search/loop_features.ipp>
#include <lathe/search/program_features.ipp>
#include <lathe/search/point_model.ipp>
#include <lathe/search/learned_annealing.ipp>
#include <lathe/search/learned_evolution.ipp>
#include <lathe/search/bayesian_search.ipp>
#include <lathe/search/forest_annealing.ipp>
#include <lathe/search/strategy_parameters.ipp>
#include <lathe/search/strategies.ipp>

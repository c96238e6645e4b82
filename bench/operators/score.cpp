#include "score.hpp"

#include <lathe/measure/record.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace bench {
namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();  ///< JSON writes it as null
constexpr std::size_t least_blocks = 3;  ///< that both must have for a ratio

double median_of(std::vector<double> values) {
  std::erase_if(values, [](double value) { return std::isnan(value); });
  if (values.empty()) return unknown;
  return lathe::median(values);
}

/// Largest rank r, from 0, such that [value r, value n-1-r] of n sorted ones holds the median with
/// at least 95 %: both tails together are 2 P(B <= r), B binomial (n, 1/2).
std::size_t bound_rank(std::size_t count) {
  double tail = 0, term = std::pow(0.5, static_cast<double>(count));
  std::size_t rank = 0;
  for (std::size_t at = 0; at < count / 2; ++at) {
    tail += term;
    if (2 * tail > 0.05) break;
    rank = at;
    term *= static_cast<double>(count - at) / static_cast<double>(at + 1);
  }
  return rank;
}

contract contract_named(const std::string& word) {
  for (const contract each : {contract::plain, contract::packed, contract::own, contract::winograd,
                              contract::tf32, contract::naive})
    if (word == name_of(each)) return each;
  return contract::naive;
}

}  // namespace

double entrant::best() const {
  double least = unknown;
  for (const double each : seconds) least = each < least || std::isnan(least) ? each : least;
  return least;
}
double entrant::median() const { return median_of(seconds); }
std::optional<ratio> compare(const entrant& ours, const entrant& theirs) {
  std::vector<double> ratios;
  for (std::size_t block = 0; block < std::min(ours.seconds.size(), theirs.seconds.size()); ++block)
    ratios.push_back(theirs.seconds[block] / ours.seconds[block]);
  std::erase_if(ratios, [](double value) { return std::isnan(value); });
  if (ratios.size() < least_blocks) return std::nullopt;
  std::sort(ratios.begin(), ratios.end());
  const std::size_t rank = bound_rank(ratios.size());
  return ratio{median_of(ratios), ratios[rank], ratios[ratios.size() - 1 - rank],
               theirs.best() / ours.best()};
}

score::score(const record& from)
    : op(from.at("op")),
      name(from.at("case")),
      counts_for(from.at("group")),
      element(from.at("element")),
      on_gpu(from.value("target", std::string()) == "gpu"),
      threads(from.at("threads")),
      flops(from.at("flops")),
      bytes(from.at("bytes")),
      least_seconds(from.at("roofline_seconds")),
      choosing_seconds(from.at("choosing_seconds")) {
  for (const record& each : from.at("contestants")) {
    entrant& made = entrants.emplace_back();
    made.library = each.at("library");
    made.how = each.at("how");
    made.terms = contract_named(each.at("contract"));
    for (const record& one : each.at("seconds"))
      made.seconds.push_back(one.is_number() ? one.get<double>() : unknown);
    made.cold_seconds = each.value("cold_seconds", 0.);
    made.wrong = each.value("wrong", std::string());
    if (!made.wrong.empty())
      wrong.push_back(made.library + " " + made.how + ", " + name_of(made.terms) + ": " +
                      made.wrong);
  }
  // Ways that left early were not the best of their library; plain loops may be hopeless.
  const auto stayed = [](const entrant& each) {
    return each.terms == contract::naive || each.seconds.size() >= least_blocks;
  };
  const auto usable = [&](const entrant& each) {
    return each.wrong.empty() && stayed(each) && !std::isnan(each.median());
  };
  std::erase_if(entrants, [&](const entrant& each) { return !usable(each); });
  plain = duel_under(contract::plain);
  packed = duel_under(contract::packed);
  const contract plains[] = {contract::plain}, owns[] = {contract::own},
                 winograds[] = {contract::winograd}, rounded[] = {contract::tf32},
                 naives[] = {contract::naive};
  tuned = fastest(plains, "lathe");
  own = fastest(owns, nullptr);
  winograd = fastest(winograds, nullptr);
  our_tf32 = fastest(rounded, "lathe");
  tf32 = fastest(rounded, nullptr);
  naive = fastest(naives, nullptr);
  for (const entrant& each : entrants)
    if (each.library == "lathe" && each.how == "estimate" && each.terms == contract::plain)
      estimate = each;
}

std::optional<entrant> score::fastest(std::span<const contract> terms, const char* library) const {
  std::optional<entrant> best;
  for (const entrant& each : entrants) {
    const bool is_ours = each.library == "lathe";
    if (std::find(terms.begin(), terms.end(), each.terms) == terms.end()) continue;
    if (is_ours != (library != nullptr) || (is_ours && each.how != "tuned")) continue;
    if (!best || each.median() < best->median()) best = each;
  }
  return best;
}

std::optional<duel> score::duel_under(contract terms) const {
  const contract mine[] = {terms};
  std::vector<contract> others{contract::plain};
  // A library that packs nothing ahead competes with those that do.
  if (terms == contract::packed) others.push_back(contract::packed);
  auto ours = fastest(mine, "lathe");
  auto theirs = fastest(others, nullptr);
  // Custom operators without any library: plain loops are what there is.
  const contract naives[] = {contract::naive};
  if (!theirs && counts_for == "custom" && terms == contract::plain)
    theirs = fastest(naives, nullptr);
  if (!ours || !theirs) return std::nullopt;
  auto faster = compare(*ours, *theirs);
  // Plain loops that are hopeless were called once.
  if (!faster && theirs->terms == contract::naive) {
    const double quotient = theirs->median() / ours->median();
    faster = ratio{quotient, quotient, quotient, quotient};
  }
  if (!faster) return std::nullopt;
  duel out{*ours, *theirs, *faster, 0};
  // The best peer with cold caches may be another one than with warm ones.
  double cold = 0;
  for (const entrant& each : entrants)
    if (each.library != "lathe" && each.terms == terms && each.cold_seconds > 0)
      cold = cold == 0 ? each.cold_seconds : std::min(cold, each.cold_seconds);
  if (ours->cold_seconds > 0) out.cold_ratio = cold / ours->cold_seconds;
  return out;
}

double score::over_naive() const {
  return plain && naive ? naive->median() / plain->ours.median() : 0;
}

double score::estimate_share() const {
  if (!tuned || !estimate) return 0;
  const auto slower = compare(*tuned, *estimate);
  return slower ? 1 / slower->value : 0;
}

double geometric_mean(std::span<const double> values) {
  if (values.empty()) return 0;
  double sum = 0;
  for (const double value : values) sum += std::log(value);
  return std::exp(sum / static_cast<double>(values.size()));
}

}  // namespace bench

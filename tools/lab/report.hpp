/// @file
/// A comparison for people and for programs. In: a comparison. Out: a text for the terminal, JSON,
/// a page.
#pragma once

#include "comparison.hpp"
#include <nlohmann/json.hpp>
#include <string>

namespace lab {

/// Tables with their hardness, then a line per strategy.
std::string text_of(const comparison& of);

/// Everything, every improvement of every run included.
nlohmann::ordered_json json_of(const comparison& of);

/// A self-contained page: the verdicts, and per table the tuning curves against trials and seconds,
/// the median of the seeds and the band of its quartiles.
std::string page_of(const comparison& of);

}  // namespace lab

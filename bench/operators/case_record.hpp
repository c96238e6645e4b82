/// @file
/// What every record of a case begins with, and the rows of its contestants.
#pragma once

#include "problem.hpp"
#include "record.hpp"
#include "timing.hpp"
#include <string>
#include <vector>

namespace bench {

/// Thrown when Ctrl-C ended a search: its result is not what the settings say.
struct interrupted {};

/// Case, date and revision of lathe, work and traffic. @param machine  what measures
record begin_record(const problem& of, const std::string& key, const std::string& machine);
/// Appends one row per contestant.
void add_rows(record& to, const std::vector<measurement>& results);
/// The revision of lathe that tools/bench names, "" if it names none.
std::string revision();
/// True if one of lathe's results is wrong.
bool has_wrong_result(const record& of);
/// Writes a file as a whole. @throws std::runtime_error if that fails
void write_file(const std::string& path, const std::string& text);

}  // namespace bench

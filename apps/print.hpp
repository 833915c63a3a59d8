#pragma once
#include "command.hpp"

namespace quenched::apps {

enum class Format { table, csv, json };

/// Throws InvalidInput (key `format`) for an unknown name.
[[nodiscard]] Format format_of(const std::string& name);

/// The records as a text that ends in a newline. JSON: an array; CSV: the same names joined by dots.
[[nodiscard]] std::string printed(const std::vector<Record>& records, const Command& command, Format format);
[[nodiscard]] std::string csv_text(const std::vector<Record>& records);
/// For a person: what all rows share in a line above, uncertainties as digits in parentheses, advice below.
[[nodiscard]] std::string table_text(const std::vector<Record>& records, const Command& command);

/// 0.37716(1): the value down to the first digit of its error, which is rounded up; 0.37 +- 9e15 where
/// nothing would be left of it.
[[nodiscard]] std::string with_uncertainty(double value, double error);

}  // namespace quenched::apps

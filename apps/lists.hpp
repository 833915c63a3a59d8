#pragma once
#include <quenched/task.hpp>
#include <string>
#include <vector>

namespace quenched::apps {

/// `1,2,4`, `0.5:20:40` (40 values, both ends included), `0.5:20:40:log`, or a comma-separated mixture.
/// Throws InvalidInput naming `key` when the text is malformed.
[[nodiscard]] std::vector<double> numbers(const std::string& key, const std::string& text);

/// Whole numbers, written as above.
[[nodiscard]] std::vector<long> whole_numbers(const std::string& key, const std::string& text, long least);

/// Split at commas that stand outside parentheses: `softmax,kernel:max(x,0)` is two words. Spaces around
/// a word are dropped.
[[nodiscard]] std::vector<std::string> words(const std::string& text, char separator = ',');

/// One law of the prompt length: `2`, `1,2,3` (uniform on the list), `1:0.2,3:0.8` (weights that sum to 1).
[[nodiscard]] LengthLaw length_law(const std::string& text);

[[nodiscard]] bool contains(const std::vector<std::string>& names, const std::string& name);

}  // namespace quenched::apps

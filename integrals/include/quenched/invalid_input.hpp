#pragma once
#include <stdexcept>
#include <string>

namespace quenched {

/// A wrong argument: the name of the key, the value given and what is allowed, in one line.
/// The name is the record's (`signal`, `ridge_k`); the command line adds the dashes.
class InvalidInput : public std::invalid_argument {
 public:
  InvalidInput(const std::string& key, const std::string& value, const std::string& rule)
      : std::invalid_argument(key + " " + value + ": " + rule), key_(key), value_(value), rule_(rule) {}
  const std::string& key() const { return key_; }
  const std::string& value() const { return value_; }
  const std::string& rule() const { return rule_; }

 private:
  std::string key_, value_, rule_;
};

}  // namespace quenched

#pragma once
#include <quenched/invalid_input.hpp>
#include <stdexcept>

#include "request.hpp"
#ifndef NDEBUG
#define NDEBUG  // toml++ 3.3 aborts on `[ =` otherwise
#endif
#include <toml++/toml.h>

#include "wrong_file.hpp"

namespace quenched::apps {

/// A TOML file of the user's that asks for computations: what is found wrong names the file, the line and
/// the key.
class TomlFile {
 public:
  /// `path` is for errors. Throws WrongFile, as all below.
  TomlFile(const std::string& text, std::string path);
  [[nodiscard]] const toml::table& root() const { return root_; }

  [[nodiscard]] WrongFile wrong(const toml::node& node, const std::string& what,
                                const std::string& rule) const;
  /// Refuses keys that are not among `names`: no keys of `whose`.
  void allow(const toml::table& table, const std::vector<std::string>& names, const std::string& whose) const;
  /// The tables of [[name]].
  [[nodiscard]] std::vector<const toml::table*> tables(const toml::node& node, const std::string& name) const;
  /// A scalar as the flag would take it, and a list of scalars or a scalar.
  [[nodiscard]] std::string scalar(const std::string& name, const toml::node& value) const;
  [[nodiscard]] std::string list(const std::string& name, const toml::node& value) const;
  [[nodiscard]] bool truth(const std::string& name, const toml::node& value) const;

  /// What `table` asks for by command, parameters, settings and zip.
  [[nodiscard]] Request request(const toml::table& table);
  /// What `make` returns; what it finds wrong in the last request is said with its line.
  template <class Make>
  auto of_last_request(const Make& make) const {
    try {
      return make();
    } catch (const InvalidInput& e) {
      throw located(e);
    }
  }

 private:
  [[nodiscard]] const Command& command_of(const toml::table& table) const;
  [[nodiscard]] const toml::table& subtable(const toml::node& node, const std::string& name) const;
  void add(Texts& texts, const toml::key& key, const toml::node& value);
  void set(Texts& texts, const toml::key& key, const toml::node& value);
  [[nodiscard]] WrongFile located(const InvalidInput& e) const;

  std::string path_;
  toml::table root_;
  std::map<std::string, unsigned> lines_;  // of the last request's names
};

}  // namespace quenched::apps

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "figure.hpp"
#include "lists.hpp"
#include "parameters.hpp"
#include "toml_file.hpp"

namespace quenched::apps {
namespace {

using Names = std::vector<std::string>;

/// One reading of a figure's file.
class FigureFile {
 public:
  FigureFile(const std::string& text, const std::string& path) : file_(text, path) {}

  Figure read(const std::string& name) {
    file_.allow(file_.root(), {"help", "picture"}, "a figure");
    Figure figure{name, text(file_.root(), "help"), {}};
    const toml::node* pictures = file_.root().get("picture");
    if (!pictures) throw file_.wrong(file_.root(), "picture", "needs at least one [[picture]]");
    for (const toml::table* table : file_.tables(*pictures, "picture")) {
      Picture read = picture(*table);
      if (std::ranges::find(figure.pictures, read.name, &Picture::name) != figure.pictures.end())
        throw file_.wrong(*table->get("name"), "name " + read.name, "needs another: a picture above has it");
      figure.pictures.push_back(std::move(read));
    }
    return figure;
  }

 private:
  /// Empty where the key is absent.
  std::string text(const toml::table& table, const std::string& key) const {
    const toml::node* node = table.get(key);
    if (node && !node->is_string()) throw file_.wrong(*node, key, "needs a text");
    return node ? node->as_string()->get() : "";
  }

  bool flag(const toml::table& table, const std::string& key) const {
    const toml::node* node = table.get(key);
    return node && file_.truth(key, *node);
  }

  /// `value`, once it is known to be one of `allowed`.
  std::string one_of(const Names& allowed, const toml::table& table, const std::string& key,
                     const std::string& value) const {
    if (!contains(allowed, value))
      throw file_.wrong(*table.get(key), fmt::format("{} {}", key, value.empty() ? "''" : value),
                        fmt::format("needs one of {}", fmt::join(allowed, ", ")));
    return value;
  }

  Picture picture(const toml::table& table) {
    file_.allow(table, {"name", "caption", "x", "y", "panels", "lacking", "over_limit", "part"}, "a picture");
    Picture picture{.name = text(table, "name"), .caption = text(table, "caption")};
    const auto plain = [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; };
    if (picture.name.empty() || !std::ranges::all_of(picture.name, plain))
      throw file_.wrong(table.contains("name") ? *table.get("name") : table,
                        fmt::format("name {}", picture.name.empty() ? "''" : picture.name),
                        "needs letters, digits, - and _: that of the picture's files");
    const toml::node* parts = table.get("part");
    if (!parts) throw file_.wrong(table, "part", "needs at least one [[picture.part]]");
    Names used, columns = {"test_error", "excess_error"};
    for (const toml::table* part : file_.tables(*parts, "part")) {
      file_.allow(*part, {"command", "parameters", "settings"}, "a part");
      picture.parts.push_back(file_.request(*part));
      const Request& request = picture.parts.back();
      file_.of_last_request([&] {
        static_cast<void>(points_of(request));
        return settings_of(*request.command, request.settings);
      });
      for (const std::string& name : request.command->parameters)
        if (!contains(used, name)) used.push_back(name);
      for (const char* found : {"alpha", "time"})  // a range of which is a setting where it is found
        if (contains(request.command->settings, found)) used.emplace_back(found);
      for (const std::string& name : request.command->columns)
        if (!contains(columns, name)) columns.push_back(name);
    }
    if (picture.over_limit = flag(table, "over_limit"); picture.over_limit)
      columns.emplace_back("test_error_over_limit");
    if (table.contains("x")) picture.axes.x = one_of(used, table, "x", text(table, "x"));
    if (table.contains("y")) picture.axes.y = one_of(columns, table, "y", text(table, "y"));
    if (const toml::node* node = table.get("panels")) {
      picture.axes.panels = file_.list("panels", *node);
      for (const std::string& name : words(picture.axes.panels)) one_of(used, table, "panels", name);
    }
    picture.axes.lacking = flag(table, "lacking");
    return picture;
  }

  TomlFile file_;
};

}  // namespace

Figure figure_of(const std::string& text, const std::string& name, const std::string& path) {
  return FigureFile(text, path).read(name);
}

}  // namespace quenched::apps

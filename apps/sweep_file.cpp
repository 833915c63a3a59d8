#include "sweep_file.hpp"

#include "toml_file.hpp"

namespace quenched::apps {

Sweep sweep_of(const std::string& text, const std::string& path) {
  TomlFile file(text, path);
  file.allow(file.root(), {"command", "parameters", "settings", "zip"}, "a sweep");
  Request request = file.request(file.root());
  Sweep sweep = file.of_last_request([&] {
    return Sweep{request.command, settings_of(*request.command, request.settings), Json::object(),
                 points_of(request)};
  });
  request.settings.erase("threads");  // changes no number
  sweep.setting_texts = request.settings;
  return sweep;
}

}  // namespace quenched::apps

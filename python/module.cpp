/// The computing commands for Python: texts in, JSON out. What users see is made of it in
/// quenched/__init__.py.
#include <fmt/format.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <future>
#include <memory>
#include <quenched/invalid_input.hpp>
#include <thread>

#include "activations_command.hpp"
#include "parameters.hpp"
#include "print.hpp"
#include "run.hpp"
#include "specification.hpp"

namespace py = pybind11;
using namespace quenched::apps;

namespace {

struct Abandoned {};

/// Shows nothing, and ends an abandoned computation between two points or two samples of training.
class Watch final : public Progress {
 public:
  explicit Watch(const std::atomic<bool>& abandoned) : Progress("", 0, true), abandoned_(abandoned) {}
  void part(double) override { look(); }
  void point_done() override { look(); }

 private:
  void look() const {
    if (abandoned_) throw Abandoned();
  }
  const std::atomic<bool>& abandoned_;
};

/// Python's names have underscores where flags have dashes.
std::string underscored(std::string name) {
  std::ranges::replace(name, '-', '_');
  return name;
}

Texts among(const std::vector<std::string>& names, const Texts& given) {
  Texts texts;
  for (const std::string& name : names)
    if (const auto text = given.find(underscored(name)); text != given.end()) texts[name] = text->second;
  return texts;
}

const Command& command_named(const std::string& name) {
  const auto found = std::ranges::find(commands(), name, &Command::name);
  if (found == commands().end()) throw py::key_error(name);
  return **found;
}

std::string computed_text(const Command& command, const Texts& given, bool timing,
                          const std::atomic<bool>& abandoned) {
  const auto list =
      points(specification(command.parameters, among(command.parameters, given)), command.check);
  const Settings settings = settings_of(command, among(command.settings, given));
  Finished finished(list.size());
  Watch watch(abandoned);
  run(command, list, settings, timing, watch, finished);
  auto records = finished.records();
  if (command.finish) command.finish(records, settings);
  return printed(records, command, Format::json);
}

/// The process does not end normally before its threads: they use what is destroyed then. Call with the GIL.
void wait_at_exit(std::thread worker) {
  static auto& workers = *new std::vector<std::thread>;  // for ever
  workers.push_back(std::move(worker));
  std::atexit([] {
    for (std::thread& w : workers)
      if (w.joinable()) w.join();
  });
}

/// Computes on a thread of its own, without the GIL, while this one looks for Ctrl-C: then KeyboardInterrupt
/// comes at once, and the point under way ends in the background, unseen.
std::string run_interruptibly(const Command& command, const Texts& given, bool timing) {
  using namespace std::chrono_literals;
  const auto abandoned = std::make_shared<std::atomic<bool>>(false);
  std::packaged_task<std::string()> task(
      [=, &command] { return computed_text(command, given, timing, *abandoned); });
  std::future<std::string> text = task.get_future();
  std::thread worker(std::move(task));
  const auto finished = [&] {
    const py::gil_scoped_release release;
    return text.wait_for(50ms) == std::future_status::ready;
  };
  while (!finished())
    if (PyErr_CheckSignals() != 0) {
      *abandoned = true;
      wait_at_exit(std::move(worker));
      throw py::error_already_set();
    }
  worker.join();
  return text.get();
}

/// What `make` returns; a wrong argument is a ValueError with the line of the command line, in Python's
/// names.
template <class Make>
auto refusing(const Make& make) {
  try {
    return make();
  } catch (const quenched::InvalidInput& e) {
    throw py::value_error(
        fmt::format("{} {}: {}", underscored(e.key()), e.value().empty() ? "''" : e.value(), e.rule()));
  } catch (const std::length_error&) {
    throw std::bad_alloc();
  }
}

/// [{name, help, arguments: [{name, kind, default, help}]}]
std::string commands_text() {
  Json list = Json::array();
  for (const Command* command : commands()) {
    const auto uses = [](const std::vector<std::string>& names, const std::string& name) {
      return std::ranges::find(names, name) != names.end();
    };
    Json arguments = Json::array();
    for (const Parameter& p : parameters())
      if (uses(command->parameters, p.name))
        arguments.push_back(
            {{"name", p.name}, {"kind", "parameter"}, {"default", p.fallback}, {"help", p.help}});
    for (const Setting& s : setting_table())
      if (uses(command->settings, s.name))
        arguments.push_back({{"name", underscored(s.name)},
                             {"kind", s.flag ? "switch" : "setting"},
                             {"default", ""},
                             {"help", s.help}});
    list.push_back({{"name", command->name}, {"help", command->help}, {"arguments", arguments}});
  }
  return list.dump();
}

}  // namespace

PYBIND11_MODULE(_core, module) {
  module.attr("version") = QUENCHED_VERSION;
  module.def("commands", commands_text);
  module.def("run", [](const std::string& command, const Texts& given, bool timing) {
    return refusing([&] { return run_interruptibly(command_named(command), given, timing); });
  });
  module.def("table", [](const std::string& command, const std::string& records) {
    return table_text(Json::parse(records).get<std::vector<Record>>(), command_named(command));
  });
  module.def("activations", [](const std::vector<std::string>& names) {
    return refusing([&] { return activations_text(names, "json"); });
  });
}

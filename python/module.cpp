/// The computing commands for Python: texts in, JSON out. What users see is made of it in
/// quenched/__init__.py.
#include <fmt/format.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <future>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <quenched/invalid_input.hpp>
#include <quenched/user_activation.hpp>
#include <thread>

#include "activations_command.hpp"
#include "parameters.hpp"
#include "print.hpp"
#include "run.hpp"
#include "specification.hpp"

namespace py = pybind11;
using namespace quenched::apps;

namespace {

/// No std::exception: those are caught where a line search fails.
struct Abandoned {};

/// What a computation shares with the Python functions that it calls.
struct Course {
  std::atomic<bool> abandoned = false;
  std::atomic<bool> under_way = false;
  std::mutex mutex;
  std::exception_ptr raised;        // by the first function that did
  std::optional<double> undefined;  // a field at which a function had no finite value
};

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

/// phi with its derivatives, by a method of a Python object that lives longer: one call a block of fields,
/// from any thread.
class Callable {
 public:
  Callable(py::handle jet, std::shared_ptr<Course> course) : jet_(jet), course_(std::move(course)) {}

  quenched::Curve operator()(const quenched::Batch& x) const {
    if (course_->abandoned) throw Abandoned();  // the interpreter may be gone
    const py::gil_scoped_acquire interpreter;
    try {
      const py::array_t<double> fields(x.size(), x.data());
      const py::array_t<double, py::array::c_style> jet = jet_(fields);  // 3 x fields
      const auto row = [&](int i) -> quenched::Batch {
        return Eigen::Map<const quenched::Batch>(jet.data(i, 0), x.rows(), x.cols());
      };
      const quenched::Curve curve{row(0), row(1), row(2)};
      if (course_->under_way) look_for_undefined(x, curve);
      return curve;
    } catch (...) {
      const std::lock_guard lock(course_->mutex);
      if (!course_->abandoned.exchange(true)) course_->raised = std::current_exception();
      throw Abandoned();
    }
  }

 private:
  void look_for_undefined(const quenched::Batch& x, const quenched::Curve& curve) const {
    const auto total = (curve.value + curve.first + curve.second).eval();
    if (total.isFinite().all()) return;
    const std::lock_guard lock(course_->mutex);
    for (Eigen::Index i = 0; i < x.size() && !course_->undefined; ++i)
      if (!std::isfinite(total.data()[i]) && std::isfinite(x.data()[i])) course_->undefined = x.data()[i];
  }

  py::handle jet_;
  std::shared_ptr<Course> course_;
};

/// Of an Activation of quenched/__init__.py.
quenched::UserFunction function_of(py::handle activation, const std::shared_ptr<Course>& course,
                                   std::vector<py::object>& kept) {
  kept.push_back(activation.attr("_jet"));
  return {activation.attr("name").cast<std::string>(), activation.attr("text").cast<std::string>(),
          Callable(kept.back(), course), activation.attr("smooth").cast<bool>()};
}

std::shared_ptr<const quenched::Activation> activation_of(py::handle activation,
                                                          const quenched::UserFunction& function) {
  return activation.attr("elementwise").cast<bool>() ? quenched::user_elementwise(function)
                                                     : quenched::user_kernel(function);
}

/// What `use` returns; what a Python function raised meanwhile comes out instead.
template <class Use>
auto raising(Course& course, const Use& use) {
  try {
    return use();
  } catch (...) {
    if (course.raised) std::rethrow_exception(course.raised);
    throw;
  }
}

/// Throws InvalidInput where the functions make no activation.
void check_activation(const py::object& activation) {
  const auto course = std::make_shared<Course>();
  std::vector<py::object> kept;
  const auto function = function_of(activation, course, kept);
  raising(*course, [&] {
    static_cast<void>(activation_of(activation, function));
    check_derivatives(function);
  });
}

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
/// comes at once, and the point under way ends in the background, unseen. Where it calls Python functions, of
/// `activations`, it ends first, at the next call.
std::string run_interruptibly(const Command& command, const Texts& given, bool timing,
                              const std::vector<py::object>& activations) {
  using namespace std::chrono_literals;
  const auto course = std::make_shared<Course>();
  std::vector<py::object> kept;
  std::list<quenched::OfferedActivation> offers;
  for (const py::object& activation : activations)
    raising(*course,
            [&] { offers.emplace_back(activation_of(activation, function_of(activation, course, kept))); });
  course->under_way = true;
  std::packaged_task<std::string()> task(
      [=, &command] { return computed_text(command, given, timing, course->abandoned); });
  std::future<std::string> text = task.get_future();
  std::thread worker(std::move(task));
  const auto finished = [&] {
    const py::gil_scoped_release release;
    return text.wait_for(50ms) == std::future_status::ready;
  };
  while (!finished())
    if (PyErr_CheckSignals() != 0) {
      const py::error_already_set interrupt;
      course->abandoned = true;
      if (activations.empty()) {
        wait_at_exit(std::move(worker));
      } else {
        const py::gil_scoped_release release;
        worker.join();
      }
      throw interrupt;
    }
  worker.join();
  if (course->undefined &&
      PyErr_WarnEx(
          PyExc_RuntimeWarning,
          fmt::format("an activation has no finite value or derivative at x = {:g}: see the verdicts",
                      *course->undefined)
              .c_str(),
          2) != 0)
    throw py::error_already_set();
  return raising(*course, [&] { return text.get(); });
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
  module.def("run", [](const std::string& command, const Texts& given, bool timing,
                       const std::vector<py::object>& activations) {
    return refusing([&] { return run_interruptibly(command_named(command), given, timing, activations); });
  });
  module.def("check_activation",
             [](const py::object& activation) { refusing([&] { check_activation(activation); }); });
  module.def("table", [](const std::string& command, const std::string& records) {
    return table_text(Json::parse(records).get<std::vector<Record>>(), command_named(command));
  });
  module.def("activations", [](const std::vector<std::string>& names) {
    return refusing([&] { return activations_text(names, "json"); });
  });
}

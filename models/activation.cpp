#include <algorithm>
#include <quenched/activation.hpp>
#include <quenched/invalid_input.hpp>

namespace quenched {

using MakeActivation = std::shared_ptr<const Activation>(const std::string& parameter);
#define QUENCHED_ACTIVATION(name) MakeActivation make_##name;
#include "activations/list.def"
#undef QUENCHED_ACTIVATION

namespace {

struct Entry {
  std::string name;
  MakeActivation* make;
};

/// C++ names have underscores where the command line has dashes.
const std::vector<Entry>& table() {
  static const std::vector<Entry> entries = [] {
    std::vector<Entry> list = {
#define QUENCHED_ACTIVATION(name) {#name, make_##name},
#include "activations/list.def"
#undef QUENCHED_ACTIVATION
    };
    for (Entry& entry : list) std::ranges::replace(entry.name, '_', '-');
    return list;
  }();
  return entries;
}

}  // namespace

Eigen::ArrayXd Activation::transition(const Batch& chi, int) const {
  return Eigen::ArrayXd::Zero(chi.rows());
}

void Activation::line(const Batch& chi, const Batch& w, int l, const Eigen::ArrayXd& t, Batch& moved,
                      Batch& sw, Batch& ss) const {
  Batch there = chi, s(chi.rows(), chi.cols());
  const Eigen::ArrayXd start = transition(chi, l);
  for (Eigen::Index j = 0; j < t.size(); ++j) {
    moved.col(j) = start + t[j];
    there.col(l) = moved.col(j);
    value(there, s);
    sw.col(j) = (s * w).rowwise().sum();
    ss.col(j) = s.square().rowwise().sum();
  }
}

std::shared_ptr<const Activation> make_activation(std::string_view specification) {
  const auto colon = specification.find(':');
  const std::string name(specification.substr(0, colon));
  const std::string parameter(colon == std::string_view::npos ? "" : specification.substr(colon + 1));
  std::string known;
  for (const Entry& entry : table()) {
    if (entry.name == name) return entry.make(parameter);
    known += (known.empty() ? "" : ", ") + entry.name;
  }
  throw InvalidInput("activation", std::string(specification), "needs one of " + known);
}

std::vector<std::string> activation_names() {
  std::vector<std::string> names;
  for (const Entry& entry : table()) names.push_back(entry.name);
  return names;
}

}  // namespace quenched

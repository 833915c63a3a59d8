#include <map>
#include <mutex>
#include <quenched/activation.hpp>
#include <quenched/user_activation.hpp>

#include "registry.hpp"

namespace quenched {

using MakeActivation = std::shared_ptr<const Activation>(const std::string& parameter);
#define QUENCHED_ACTIVATION(name) MakeActivation make_##name;
#include "activations/list.def"
#undef QUENCHED_ACTIVATION
MakeActivation make_kernel, make_elementwise;  // of a formula

namespace {

const std::vector<Registered<MakeActivation>>& activation_table() {
  static const std::vector<Registered<MakeActivation>> entries = {
#define QUENCHED_ACTIVATION(name) {#name, make_##name},
#include "activations/list.def"
#undef QUENCHED_ACTIVATION
      {"kernel", make_kernel}, {"elementwise", make_elementwise}};
  return entries;
}

/// A point of a computation says its activation by a text: one made elsewhere is found by its name while it
/// is on offer.
struct Offers {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<const Activation>, std::less<>> by_name;
};
Offers& offers() {
  static Offers all;
  return all;
}

}  // namespace

OfferedActivation::OfferedActivation(const std::shared_ptr<const Activation>& activation)
    : name_(activation->info().name) {
  const std::lock_guard lock(offers().mutex);
  if (!offers().by_name.emplace(name_, activation).second)
    throw InvalidInput("activation", name_, "needs a name that no other activation in use has");
}

OfferedActivation::~OfferedActivation() {
  const std::lock_guard lock(offers().mutex);
  offers().by_name.erase(name_);
}

Eigen::ArrayXd Activation::transition(const Batch& chi, int) const {
  return Eigen::ArrayXd::Zero(chi.rows());
}

TokenLines Activation::lines(const Batch& chi, const Batch& w) const {
  return [this, &chi, &w](int l, const Eigen::ArrayXd& t, Batch& moved, Batch& sw, Batch& ss) {
    Batch there = chi, s(chi.rows(), chi.cols());
    const Eigen::ArrayXd start = transition(chi, l);
    for (Eigen::Index j = 0; j < t.size(); ++j) {
      moved.col(j) = start + t[j];
      there.col(l) = moved.col(j);
      value(there, s);
      sw.col(j) = (s * w).rowwise().sum();
      ss.col(j) = s.square().rowwise().sum();
    }
  };
}

std::shared_ptr<const Activation> make_activation(std::string_view specification) {
  {
    const std::lock_guard lock(offers().mutex);
    const auto offer = offers().by_name.find(specification);
    if (offer != offers().by_name.end()) return offer->second;
  }
  return made(activation_table(), "activation", specification);
}

std::vector<std::string> activation_names() {
  auto list = names(activation_table());
  list.resize(list.size() - 2);  // kernel and elementwise are nothing without a formula
  return list;
}

}  // namespace quenched

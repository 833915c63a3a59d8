#include "random_points.hpp"

#include <cmath>
#include <random>
#include <sstream>

using namespace quenched;

std::string RandomPoint::kind() const {
  const int L = problem.lengths.front().tokens;
  const std::string task = problem.task->name();
  if (activation.empty()) return "bayes, " + task;
  if (activation == "linear") return "linear, " + task;
  return (activation == "softmax" ? "softmax" : "others") +
         std::string(L > 3 ? ", L = 4, 5" : ", L = " + std::to_string(L)) + (L == 3 ? ", " + task : "");
}

std::string RandomPoint::text() const {
  std::ostringstream out;
  out << problem.task->name() << " L " << problem.lengths.front().tokens << " nu " << problem.task->signal()
      << " Delta " << problem.noise << " alpha " << alpha << " ridge " << ridge_k << ", " << ridge_v << ' '
      << (activation.empty() ? "bayes" : activation) << " tolerance " << tolerance;
  return out.str();
}

std::vector<RandomPoint> random_points(int count, std::uint64_t seed) {
  std::mt19937_64 rng(seed);
  // Written out: the standard's distributions differ between libraries.
  const auto uniform = [&] { return static_cast<double>(rng() >> 11) * 0x1p-53; };
  const auto log_uniform = [&](double low, double high) { return low * std::pow(high / low, uniform()); };
  const auto one_of = [&](auto... choices) {
    const std::common_type_t<decltype(choices)...> all[] = {choices...};
    return all[static_cast<std::size_t>(uniform() * sizeof...(choices))];
  };
  std::vector<RandomPoint> points;
  for (int i = 0; i < count; ++i) {
    const bool max = uniform() < 0.5;
    const double nu = max && uniform() < 0.4 ? INFINITY : log_uniform(0.5, 6);
    const int L = one_of(1, 2, 3, 4, 5);
    const double noise = 0.5 * uniform() * uniform();
    const std::string activation =
        one_of("softmax", "softmax", "softmax", "linear", "linear", "softmax-1", "softplus", "");
    const double alpha = log_uniform(0.5, 10), ridge_k = log_uniform(0.2, 2), ridge_v = log_uniform(0.2, 2);
    points.push_back({{make_task(max ? "max" : "spiked", nu), {{L, 1.0}}, noise},
                      activation,
                      alpha,
                      ridge_k,
                      ridge_v,
                      one_of(1e-2, 3e-3)});
  }
  return points;
}

bool ReportedNumber::held() const {
  return std::abs(value - exact) <= stated + exact_stated + 1e-9 * (1 + std::abs(exact));
}

std::vector<ReportedNumber> reported_numbers(const RandomPoint& p, int reference_points) {
  std::vector<ReportedNumber> out;
  const auto add = [&](const char* name, double value, double stated, double exact, double exact_stated) {
    if (std::isfinite(value) && std::isfinite(exact))
      out.push_back({name, value, stated, exact, exact_stated});
  };
  if (p.activation.empty()) {
    const BayesResult a = bayes(p.problem, p.alpha, Start::informed, {.tolerance = p.tolerance});
    const BayesResult b = bayes(
        p.problem, p.alpha, Start::informed,
        {.tolerance = 1e-8, .points = reference_points, .seed = 99, .from = Eigen::Vector2d(a.q_k, a.q_v)});
    if (!a.certificate.converged || !b.certificate.converged) return out;
    add("q_k", a.q_k, a.uncertainty.q_k, b.q_k, b.uncertainty.q_k);
    add("q_v", a.q_v, a.uncertainty.q_v, b.q_v, b.uncertainty.q_v);
    add("test_error", a.test_error, a.uncertainty.test_error, b.test_error, b.uncertainty.test_error);
    add("free_entropy", a.free_entropy, a.uncertainty.free_entropy, b.free_entropy,
        b.uncertainty.free_entropy);
    return out;
  }
  const auto activation = make_activation(p.activation);
  const ErmResult a = erm(p.problem, *activation, p.alpha, p.ridge_k, p.ridge_v, {.tolerance = p.tolerance});
  const ErmResult b = erm(p.problem, *activation, p.alpha, p.ridge_k, p.ridge_v,
                          {.tolerance = 1e-8, .points = reference_points, .seed = 99, .from = a.overlaps});
  if (!a.certificate.converged || !b.certificate.converged) return out;
  const auto& u = a.uncertainty;
  const auto& v = b.uncertainty;
  add("test_error", a.test_error, u.test_error, b.test_error, v.test_error);
  add("train_error", a.train_error, u.train_error, b.train_error, v.train_error);
  add("energy", a.energy, u.energy, b.energy, v.energy);
  for (const auto& [name, member] : {std::pair{"m_k", &OrderParameters::m_k},
                                     {"q_k", &OrderParameters::q_k},
                                     {"V_k", &OrderParameters::V_k},
                                     {"m_v", &OrderParameters::m_v},
                                     {"q_v", &OrderParameters::q_v},
                                     {"V_v", &OrderParameters::V_v}})
    add(name, a.overlaps.*member, u.overlaps.*member, b.overlaps.*member, v.overlaps.*member);
  return out;
}

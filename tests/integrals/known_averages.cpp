#include "known_averages.hpp"

#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <numbers>
#include <random>

namespace {

using quenched::Batch;
using std::numbers::pi;
using Function = std::function<double(double)>;

double density(double z) { return std::exp(-z * z / 2) / std::sqrt(2 * pi); }
double cdf(double z) { return std::erfc(-z / std::numbers::sqrt2) / 2; }

/// g and its average over N(0, 1).
struct Line {
  std::string family, name;
  Function g;
  double exact;
};

Line moment(int k) {
  double exact = 1;
  for (int i = k - 1; i > 1; i -= 2) exact *= i;
  return {"moment", "z^" + std::to_string(k), [k](double z) { return std::pow(z, k); }, k % 2 ? 0 : exact};
}
Line exponential(double t) {
  return {"exp", "exp(" + std::to_string(t) + " z)", [t](double z) { return std::exp(t * z); },
          std::exp(t * t / 2)};
}
Line cosine(double t, double b) {
  return {"cos", "cos(" + std::to_string(t) + " z + b)", [=](double z) { return std::cos(t * z + b); },
          std::exp(-t * t / 2) * std::cos(b)};
}
Line steep(double k, double b) {
  return {"steep", "Phi(" + std::to_string(k) + " z + b)", [=](double z) { return cdf(k * z + b); },
          cdf(b / std::sqrt(1 + k * k))};
}
Line kink(double a) {
  return {"kink", "|z - " + std::to_string(a) + "|", [a](double z) { return std::abs(z - a); },
          2 * density(a) + a * (2 * cdf(a) - 1)};
}
Line ramp(double a) {
  return {"kink", "max(z - " + std::to_string(a) + ", 0)", [a](double z) { return std::max(z - a, 0.0); },
          density(a) - a * cdf(-a)};
}
Line step(double a) {
  return {"step", "1(z > " + std::to_string(a) + ")", [a](double z) { return z > a ? 1.0 : 0.0; }, cdf(-a)};
}
Line peak(double eps) {
  return {"peak", "1/(" + std::to_string(eps) + " + z^2)", [eps](double z) { return 1 / (eps + z * z); },
          std::sqrt(pi / 2 / eps) * std::exp(eps / 2) * std::erfc(std::sqrt(eps / 2))};
}
Line bump(double m, double s) {  // divided by its average
  const double log_exact = std::log(s / std::sqrt(1 + s * s)) - m * m / (2 * (1 + s * s));
  return {"bump", "bump at " + std::to_string(m) + ", " + std::to_string(s),
          [=](double z) { return std::exp(-(z - m) * (z - m) / (2 * s * s) - log_exact); }, 1};
}
Line power(double p) {
  return {"power", "|z|^" + std::to_string(p), [p](double z) { return std::pow(std::abs(z), p); },
          std::pow(2, p / 2) * std::tgamma((p + 1) / 2) / std::sqrt(pi)};
}
Line logarithm() {
  return {"power", "log|z|", [](double z) { return std::log(std::abs(z)); },
          -(std::numbers::egamma + std::numbers::ln2) / 2};
}
Line heavy(double c) {
  return {"heavy", "exp(" + std::to_string(c) + " z^2)", [c](double z) { return std::exp(c * z * z); },
          1 / std::sqrt(1 - 2 * c)};
}

std::vector<Line> lines(double u, double v) {  // u, v: random in (0, 1)
  return {moment(2),
          moment(5),
          moment(8),
          exponential(0.5 + u),
          exponential(3 + v),
          cosine(1 + u, v),
          cosine(5 + v, u),
          steep(1, u),
          steep(20 + 20 * u, v),
          kink(0),
          kink(u),
          kink(2 + v),
          ramp(0),
          ramp(v),
          ramp(-1 - u),
          step(0),
          step(u - v),
          step(2 + u),
          peak(0.5 + u),
          peak(1e-2 * (1 + u)),
          peak(1e-4),
          bump(3 + u, 0.5),
          bump(8, 1),
          bump(-8, 0.5 + u),
          bump(5, 0.25 + v),
          power(-0.5),
          power(0.5),
          power(-0.3),
          logarithm(),
          heavy(0.2),
          heavy(0.3)};
}

quenched::Integrand ridge(const Function& g, const Eigen::VectorXd& direction) {
  return [=](const Batch& x, Batch& f) {
    f.col(0) = (x.matrix() * direction).array().unaryExpr([&](double z) { return g(z); });
  };
}

KnownAverage product(const std::string& family, int d, const std::vector<Line>& factors) {
  KnownAverage a{family, "product of " + family, d, 1, {}, Eigen::ArrayXd::Ones(1)};
  for (const Line& line : factors) a.exact *= line.exact;
  a.f = [factors](const Batch& x, Batch& f) {
    f.col(0) = 1;
    for (std::size_t i = 0; i < factors.size(); ++i)
      f.col(0) *= x.col(static_cast<Eigen::Index>(i)).unaryExpr([&](double z) { return factors[i].g(z); });
  };
  return a;
}

KnownAverage radial(const std::string& name, int d, const Function& of_square, double exact) {
  return {"radial",
          name,
          d,
          1,
          [of_square](const Batch& x, Batch& f) {
            f.col(0) = x.square().rowwise().sum().unaryExpr([&](double r2) { return of_square(r2); });
          },
          Eigen::ArrayXd::Constant(1, exact)};
}

KnownAverage mixture(const std::string& name, const std::vector<KnownAverage>& parts) {
  KnownAverage a{
      "mixture", name, parts[0].d, static_cast<int>(parts.size()), {}, Eigen::ArrayXd(parts.size())};
  for (int j = 0; j < a.outputs; ++j) a.exact[j] = parts[static_cast<std::size_t>(j)].exact[0];
  a.f = [parts](const Batch& x, Batch& f) {
    Batch one(x.rows(), 1);
    for (std::size_t j = 0; j < parts.size(); ++j) {
      parts[j].f(x, one);
      f.col(static_cast<Eigen::Index>(j)) = one.col(0);
    }
  };
  return a;
}

}  // namespace

std::vector<KnownAverage> known_averages(int d, unsigned seed) {
  std::mt19937 engine(seed * 1000 + static_cast<unsigned>(d));
  const auto uniform = [&] { return (static_cast<double>(engine()) + 0.5) * 0x1p-32; };
  std::vector<KnownAverage> all;
  for (const bool rotated : {false, true}) {
    if (rotated && d == 1) break;
    for (const Line& line : lines(uniform(), uniform())) {
      Eigen::VectorXd direction = Eigen::VectorXd::Unit(d, static_cast<int>(uniform() * d));
      if (rotated) {
        for (double& c : direction) c = uniform() - uniform();
        direction.normalize();
      }
      all.push_back({line.family, line.name + (rotated ? " rotated" : ""), d, 1, ridge(line.g, direction),
                     Eigen::ArrayXd::Constant(1, line.exact)});
    }
  }
  if (d > 1) {
    std::vector<Line> exps, cosines, steeps, kinks, steps;
    for (int i = 0; i < d; ++i) {
      exps.push_back(exponential(uniform()));
      cosines.push_back(cosine(uniform(), uniform() / 2));
      steeps.push_back(steep(1 + uniform(), uniform()));
      kinks.push_back(kink(uniform()));
      steps.push_back(step(-1 - uniform()));
    }
    for (const auto& [family, factors] :
         {std::pair{"exp", exps}, {"cos", cosines}, {"steep", steeps}, {"kink", kinks}, {"step", steps}})
      all.push_back(product(family, d, factors));
  }
  const double n = d, r = std::sqrt(n);
  all.push_back(radial(
      "|x|", d, [](double r2) { return std::sqrt(r2); },
      std::sqrt(2) * std::tgamma((n + 1) / 2) / std::tgamma(n / 2)));
  all.push_back(radial(
      "|x|^4", d, [](double r2) { return r2 * r2; }, n * (n + 2)));
  all.push_back(radial(
      "exp(-|x|^2)", d, [](double r2) { return std::exp(-r2); }, std::pow(3, -n / 2)));
  all.push_back(radial(
      "1(|x| < sqrt d)", d, [r](double r2) { return r2 < r * r ? 1.0 : 0.0; },
      boost::math::gamma_p(n / 2, n / 2)));
  all.push_back(mixture("smooth", {all[3], all[5], all[0]}));
  all.push_back(mixture("smooth, kink and step", {all[5], all[10], all[17]}));
  all.push_back(mixture("smooth, peak and bump", {all[0], all[19], all[21]}));
  return all;
}

#include <boost/math/special_functions/lambert_w.hpp>
#include <cmath>
#include <quenched/loss.hpp>

#include "glm/parameter.hpp"

namespace quenched {
namespace {

using Eigen::ArrayXd;

/// W(e^L), the root of w + log w = L, also where e^L overflows.
double lambert_of_exp(double L) {
  if (L < 600) return boost::math::lambert_w0(std::exp(L));
  double w = L - std::log(L);
  for (int step = 0; step < 4; ++step) w -= (w + std::log(w) - L) / (1 + 1 / w);
  return w;
}

/// ell = exp(-u), whose proximal point is c + W(V exp(-c)), W of Lambert.
class Exponential final : public Loss {
 public:
  const LossInfo& info() const override {
    static const LossInfo exponential{"exponential", "exp(-y z)",
                                      "Freund and Schapire, J. Comput. Syst. Sci. 55, 119 (1997)"};
    return exponential;
  }
  void value(const ArrayXd& u, ArrayXd& ell) const override { ell = (-u).exp(); }
  void derivatives(const ArrayXd& u, ArrayXd& first, ArrayXd& second) const override {
    second = (-u).exp(), first = -second;
  }
  void proximal(double V, const ArrayXd& c, ArrayXd& p, ArrayXd& slope) const override {
    const ArrayXd w = (std::log(V) - c).unaryExpr(&lambert_of_exp);
    p = c + w;
    slope = (1 + w).inverse();
  }
};

}  // namespace

std::shared_ptr<const Loss> make_exponential_loss(const std::string& parameter) {
  no_parameter("loss", "exponential", parameter);
  return std::make_shared<Exponential>();
}

}  // namespace quenched

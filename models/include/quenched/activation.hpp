#pragma once
#include <functional>
#include <memory>
#include <quenched/batch.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace quenched {

/// sigma(chi) for a block of points with its first derivative, d sigma_l/d chi_m = diag(b) - p q^T.
struct ActivationJet {
  Batch s, b, p, q;  // points x tokens
  Batch c;           // diagonal of second derivatives, for `curvature`
};

struct ActivationInfo {
  std::string name;              // as on the command line
  std::string formula;           // for a person
  std::string source;            // where it comes from
  bool normalised = false;       // sum_l sigma_l = 1
  bool shift_invariant = false;  // sigma(chi + c) = sigma(chi)
  bool scale_invariant = false;  // sigma(c chi) = sigma(chi), c > 0, without being constant
  bool exponential = false;      // grows like exp(chi): can single out one token
  bool smooth = true;
  bool folds = true;  // the proximal step can have several minima; false only where it is proved to have one
  bool elementwise = false;  // sigma_l depends on chi_l alone: averages factorise over tokens
  bool tunable =
      false;  // a parameter was left open: `population` tunes it by make_activation(name + ":" + value)
  double softmax_slope = 0;  // a where sigma = softmax(a chi); 0 where it is no softmax
  std::string remark;        // what a user should know before trusting it; mostly empty
};

/// A line through given fields, along which chi_l alone moves: the new chi_l (points x t.size()) when it is
/// put at the transition where token l takes over plus each t, with the s.w and |s|^2 that follow; |t| <= 7
/// covers a softmax's transition (whose t is in units of its width, 1/slope). The starts of the global
/// minimisation.
using TokenLines = std::function<void(int l, const Eigen::ArrayXd& t, Batch& moved, Batch& sw, Batch& ss)>;

/// An attention activation sigma: R^L -> R^L, f(X) = sum_l sigma_l(chi) z_l (docs/equations.md, section 2).
/// All shapes are points x tokens; tokens may be exchanged freely (sigma is equivariant).
class Activation {
 public:
  virtual ~Activation() = default;
  [[nodiscard]] virtual const ActivationInfo& info() const = 0;
  virtual void value(const Batch& chi, Batch& sigma) const = 0;
  virtual void jet(const Batch& chi, ActivationJet& jet) const = 0;
  /// sum_l u_l d^2 sigma_l/d chi^2 = diag(e) - beta q^T - q beta^T, with q of the jet.
  virtual void curvature(const ActivationJet& jet, const Batch& u, Batch& e, Batch& beta) const = 0;
  /// The chi_l around which sigma_l bends most, given the other tokens (one per point): 0 unless overridden.
  [[nodiscard]] virtual Eigen::ArrayXd transition(const Batch& chi, int l) const;
  /// The lines through chi, which must outlive them, as must w. Unless overridden a place costs a `value`.
  [[nodiscard]] virtual TokenLines lines(const Batch& chi, const Batch& w) const;
};

/// "softmax", "erf:-1": the name before the colon picks the activation, the rest is its parameter. "kernel:F"
/// is sigma_l = F(chi_l)/sum_m F(chi_m) and "elementwise:F" F(chi_l) for a formula F in x
/// (docs/activations.md). Throws InvalidInput (key `activation`) for an unknown name, listing the known ones,
/// and for a formula that cannot be read, or is not finite with two derivatives, or as a kernel not >= 0, at
/// -20, -19.9, ..., 20.
[[nodiscard]] std::shared_ptr<const Activation> make_activation(std::string_view specification);

/// The names that make_activation knows beside kernel and elementwise, in the order of list.def.
[[nodiscard]] std::vector<std::string> activation_names();

}  // namespace quenched

#pragma once
#include <Eigen/Core>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace quenched {

class Loss;

struct TeacherInfo {
  std::string name, formula;
  bool labels = false;  // y in {-1, 1}; otherwise y is real
};

/// The law of v = z - y (real labels) or v = y z (labels in {-1, 1}) for a student whose field z has overlaps
/// m, q with the teacher's, along x ~ N(0, 1) (docs/glm.md, section 2): for any h,
///     E h(v) = E[W h],   E h'(v) = E[S h] (by parts),
///     E[h(v) (d v/d z) (z* - (m/q) z)]/(rho - m^2/q) = E[T h].
struct LineLaw {
  Eigen::ArrayXd v, W, S, T;
};

/// A teacher P(y|z*), z* ~ N(0, rho): its law at infinite D, and its labels at finite D. The two share no
/// code, so that simulation can refute theory. P(-y|-z*) = P(y|z*).
class Teacher {
 public:
  virtual ~Teacher() = default;
  [[nodiscard]] virtual const TeacherInfo& info() const = 0;
  [[nodiscard]] double strength() const { return rho_; }  // rho = |k*|^2/D
  [[nodiscard]] double noise() const { return Delta_; }   // variance; 0 for labels in {-1, 1}

  /// D = infinity. Needs q > 0 and m^2 <= rho q.
  virtual void law(double m, double q, const Eigen::ArrayXd& x, LineLaw& law) const = 0;
  /// The x at which v(x) has this value.
  [[nodiscard]] virtual double coordinate(double m, double q, double v) const = 0;
  /// No direction separates the data of this teacher however many there are, unless this is true.
  [[nodiscard]] virtual bool separable() const { return false; }

  /// Finite D: the label of a sample with field z*.
  [[nodiscard]] virtual double draw(double z_star, std::mt19937_64& rng) const = 0;

 protected:
  Teacher(double rho, double Delta) : rho_(rho), Delta_(Delta) {}

 private:
  double rho_, Delta_;
};

/// "linear", "sign:0.1": what follows the colon is the teacher's parameter. Throws InvalidInput: key
/// `teacher` for an unknown name or a wrong parameter, `strength` unless rho > 0 and finite, `noise` for a
/// variance that the teacher does not take.
[[nodiscard]] std::shared_ptr<const Teacher> make_teacher(std::string_view specification, double rho,
                                                          double Delta);
[[nodiscard]] std::vector<std::string> teacher_names();

/// Throws InvalidInput (key `loss`) for a loss of margins with a teacher whose labels are real.
void check(const Teacher& teacher, const Loss& loss);

}  // namespace quenched

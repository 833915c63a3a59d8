#include <algorithm>
#include <charconv>
#include <cmath>
#include <quenched/invalid_input.hpp>
#include <quenched/normal_stream.hpp>
#include <quenched/parallel.hpp>
#include <quenched/sampler.hpp>

#include "huge_pages.hpp"

namespace quenched {
namespace {

enum BlockStream : std::uint64_t { lengths_stream, tokens_stream, rest_stream, streams };

std::uint64_t block_key(std::uint64_t key, Eigen::Index block, BlockStream stream) {
  return stream_key(key, static_cast<std::uint64_t>(block) * streams + stream);
}

/// The lengths of one block, sorted: samples are exchangeable, and equal lengths are computed together.
std::vector<int> draw_lengths(const LengthLaw& law, Eigen::Index count, std::uint64_t key) {
  if (law.size() == 1) return std::vector<int>(static_cast<std::size_t>(count), law.front().tokens);
  Rng rng(key);
  std::vector<double> weights;
  for (const Length& length : law) weights.push_back(length.weight);
  std::discrete_distribution<std::size_t> pick(weights.begin(), weights.end());
  std::vector<int> lengths(static_cast<std::size_t>(count));
  for (int& length : lengths) length = law[pick(rng)].tokens;
  std::ranges::sort(lengths);
  return lengths;
}

/// The groups of all blocks, and for each block where its groups begin.
std::vector<std::size_t> lay_out(const Problem& problem, Eigen::Index count, std::uint64_t key,
                                 std::vector<SampleGroup>& groups) {
  std::vector<std::size_t> begin;
  Eigen::Index token = 0;
  for (Eigen::Index first = 0; first < count; first += Samples::block) {
    begin.push_back(groups.size());
    const Eigen::Index end = std::min<Eigen::Index>(count, first + Samples::block);
    const Eigen::Index block = first / Samples::block;
    const auto lengths = draw_lengths(problem.lengths, end - first, block_key(key, block, lengths_stream));
    for (Eigen::Index i = first; i < end; ++i) {
      const int length = lengths[static_cast<std::size_t>(i - first)];
      if (i == first || groups.back().length != length) groups.push_back({i, 0, token, length});
      ++groups.back().samples;
      token += length;
    }
  }
  begin.push_back(groups.size());
  return begin;
}

/// Standardised entries of a law, in bulk.
class TokenStream {
 public:
  TokenStream(const TokenLaw& law, std::uint64_t key)
      : law_(law), normals_(key), chi_square_(stream_key(key, 1)), bits_(key) {}

  void fill(Eigen::MatrixXf& X) {
    if (law_.kind == TokenLaw::Kind::uniform) {
      const auto uniform = [&] { return static_cast<float>(static_cast<std::int32_t>(bits_() >> 32)); };
      X = Eigen::MatrixXf::NullaryExpr(X.rows(), X.cols(), uniform) * (0x1p-31F * std::sqrt(3.0F));
      return;
    }
    normals_.fill(X.data(), X.size());
    if (law_.kind == TokenLaw::Kind::rademacher)
      X = X.unaryExpr([](float x) { return std::copysign(1.0F, x); });
    if (law_.kind == TokenLaw::Kind::student_t)
      for (Eigen::Index l = 0; l < X.cols(); ++l) {
        of_chi_square_.resize(X.rows(), law_.degrees);
        chi_square_.fill(of_chi_square_.data(), of_chi_square_.size());
        X.col(l).array() *=
            (static_cast<float>(law_.degrees - 2) / of_chi_square_.square().rowwise().sum()).sqrt();
      }
  }

 private:
  TokenLaw law_;
  NormalStream normals_, chi_square_;
  Rng bits_;
  Eigen::ArrayXXf of_chi_square_;
};

}  // namespace

TokenLaw token_law(const std::string& text) {
  using Kind = TokenLaw::Kind;
  if (text == "gaussian") return {};
  if (text == "rademacher") return {Kind::rademacher};
  if (text == "uniform") return {Kind::uniform};
  if (const std::string name = "student-t:"; text.starts_with(name)) {
    int degrees = 0;
    const char *begin = text.data() + name.size(), *end = text.data() + text.size();
    const auto read = std::from_chars(begin, end, degrees);
    if (read.ec == std::errc() && read.ptr == end && degrees >= 3 && degrees <= 100)
      return {Kind::student_t, degrees};
  }
  throw InvalidInput("tokens", text,
                     "needs one of gaussian, rademacher, uniform, student-t:5 (degrees 3 to 100)");
}

Eigen::Index token_stride(int dimension) { return (dimension + Eigen::Index{15}) / 16 * 16; }

std::size_t sample_bytes(const LengthLaw& lengths, int dimension, Eigen::Index count) {
  double mean = 0, square = 0;
  for (const Length& length : lengths) {
    mean += length.weight * length.tokens;
    square += length.weight * length.tokens * length.tokens;
  }
  const double n = static_cast<double>(count);
  const double tokens = n * mean + 5 * std::sqrt(n * std::max(0.0, square - mean * mean));
  return static_cast<std::size_t>(4 * tokens * static_cast<double>(token_stride(dimension)) + 16 * n);
}

Directions draw_directions(int dimension, std::uint64_t key) {
  NormalStream normals(key);
  Directions drawn{Eigen::VectorXf(dimension), Eigen::VectorXf(dimension)};
  for (Eigen::VectorXf* direction : {&drawn.k_star, &drawn.v_star}) {
    normals.fill(direction->data(), dimension);
    const double norm = direction->cast<double>().norm();
    *direction =
        (direction->cast<double>() * (std::sqrt(static_cast<double>(dimension)) / norm)).cast<float>();
  }
  return drawn;
}

Samples draw_samples(const Problem& problem, const Directions& directions, Eigen::Index count,
                     std::uint64_t key, int threads, const TokenLaw& tokens) {
  Samples drawn;
  drawn.dimension = static_cast<int>(directions.k_star.size());
  const std::vector<std::size_t> begin = lay_out(problem, count, key, drawn.groups);
  const Eigen::Index columns =
      drawn.groups.empty()
          ? 0
          : drawn.groups.back().first_token + drawn.groups.back().samples * drawn.groups.back().length;
  drawn.tokens.resize(token_stride(drawn.dimension), columns);
  in_huge_pages(drawn.tokens.data(), sizeof(float) * static_cast<std::size_t>(drawn.tokens.size()));
  drawn.y.resize(count);
  drawn.location.resize(count);
  const double root_D = std::sqrt(static_cast<double>(drawn.dimension));

  parallel_for(static_cast<int>(begin.size()) - 1, threads, [&](int block) {
    TokenStream entries(tokens, block_key(key, block, tokens_stream));
    Rng rng(block_key(key, block, rest_stream));
    std::normal_distribution<double> xi;
    Eigen::MatrixXf X;
    for (std::size_t g = begin[block]; g < begin[block + 1]; ++g) {
      const SampleGroup& group = drawn.groups[g];
      X.resize(drawn.dimension, group.length);
      for (Eigen::Index i = 0; i < group.samples; ++i) {
        entries.fill(X);
        const int eps = problem.task->plant(rng, directions.k_star, X);
        const double z_star = X.col(eps).cast<double>().dot(directions.v_star.cast<double>()) / root_D;
        drawn.y[group.first_sample + i] = z_star + std::sqrt(problem.noise) * xi(rng);
        drawn.location[group.first_sample + i] = eps;
        auto padded = drawn.tokens.middleCols(group.first_token + i * group.length, group.length);
        padded.topRows(drawn.dimension) = X;
        padded.bottomRows(padded.rows() - drawn.dimension).setZero();
      }
    }
  });
  return drawn;
}

}  // namespace quenched

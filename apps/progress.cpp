#include "progress.hpp"

#include <fmt/chrono.h>
#include <unistd.h>

#include <cstdio>

namespace quenched::apps {

Progress::Progress(std::string title, std::size_t points, bool quiet)
    : title_(std::move(title)), points_(points), shown_(!quiet && isatty(STDERR_FILENO)) {
  show(0);
}

Progress::~Progress() {
  if (shown_) fmt::print(stderr, "\r\033[K");
}

void Progress::part(double share) { show(double(done_) + share); }

void Progress::point_done() { show(double(++done_)); }

void Progress::note(const std::string& text) { note_ = ", " + text; }

void Progress::show(double done) {
  using namespace std::chrono;
  const auto now = steady_clock::now();
  if (!shown_ || now - drawn_ < milliseconds(100)) return;
  drawn_ = now;
  fmt::print(stderr, "\r\033[K{}: {} of {} points", title_, done_, points_);
  if (done > 0) {
    const duration<double> left = (now - began_) * ((double(points_) - done) / done);
    fmt::print(stderr, ", {:%T} left", duration_cast<seconds>(left));
  }
  fmt::print(stderr, "{}", note_);
  std::fflush(stderr);
}

}  // namespace quenched::apps

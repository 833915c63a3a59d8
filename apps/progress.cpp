#include "progress.hpp"

#include <fmt/chrono.h>
#include <unistd.h>

#include <cstdio>

namespace quenched::apps {

Progress::Progress(std::string title, std::size_t points, bool quiet, std::chrono::seconds log)
    : title_(std::move(title)),
      points_(points),
      terminal_(isatty(STDERR_FILENO)),
      shown_(!quiet && (terminal_ || log.count() > 0)),
      every_(terminal_ ? std::chrono::milliseconds(100) : log) {
  show(0);
}

Progress::~Progress() {
  if (shown_ && terminal_) fmt::print(stderr, "\r\033[K");
}

void Progress::part(double share) { show(double(done_) + share); }

void Progress::point_done() { show(double(++done_)); }

void Progress::leave_out(std::size_t points) { points_ -= points; }

void Progress::note(const std::string& text) {
  if (!on_terminal()) return;
  fmt::print(stderr, "\r\033[K{}: {}\n", title_, text);
  std::fflush(stderr);
}

void Progress::show(double done) {
  using namespace std::chrono;
  const auto now = steady_clock::now();
  if (!shown_ || now - drawn_ < every_) return;
  drawn_ = now;
  fmt::print(stderr, "{}{}: {} of {} points", terminal_ ? "\r\033[K" : "", title_, done_, points_);
  if (done > 0) {
    const duration<double> left = (now - began_) * ((double(points_) - done) / done);
    fmt::print(stderr, ", {:%T} left", duration_cast<seconds>(left));
  }
  if (!terminal_) fmt::print(stderr, "\n");
  std::fflush(stderr);
}

}  // namespace quenched::apps

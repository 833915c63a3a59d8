#include "interruption.hpp"

#include <unistd.h>

#include <csignal>

namespace quenched::apps {

constexpr int dismissal = SIGUSR1;  // ends the watcher

Interruption::Interruption(std::function<void()> last_words) {
  sigset_t signals;
  sigemptyset(&signals);
  for (int signal : {SIGINT, SIGTERM, dismissal}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  watcher_ = std::thread([signals, last_words = std::move(last_words)] {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal == dismissal) return;
    last_words();
    _exit(128 + signal);
  });
}

Interruption::~Interruption() {
  pthread_kill(watcher_.native_handle(), dismissal);
  watcher_.join();
}

}  // namespace quenched::apps

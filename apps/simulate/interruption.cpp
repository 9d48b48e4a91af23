#include "apps/simulate/interruption.hpp"

#include <csignal>

namespace millrace::simulate {
namespace {

volatile std::sig_atomic_t noted = 0;

}  // namespace

void note_interruptions() {
  struct sigaction action = {};
  action.sa_handler = [](int signal) {
    noted = signal;
  };
  sigemptyset(&action.sa_mask);
  // Without SA_RESTART, blocking calls return with EINTR. SA_RESETHAND: a second signal has its
  // default effect and ends the process.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

int interruption() {
  return noted;
}

}  // namespace millrace::simulate

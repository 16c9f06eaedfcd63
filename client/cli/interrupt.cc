#include "client/cli/interrupt.h"

#include <poll.h>
#include <signal.h>

#include <initializer_list>

namespace motley {
namespace {

volatile sig_atomic_t interrupted = 0;

}  // namespace

void WatchInterrupts() {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = 1; };
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
}

bool Interrupted() { return interrupted != 0; }

void Pause(int milliseconds) {
  if (!Interrupted()) poll(nullptr, 0, milliseconds);  // sleep_for would begin again after a signal
}

}  // namespace motley

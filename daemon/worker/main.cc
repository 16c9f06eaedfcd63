// motley-worker: the process that owns one device; also the throwaway processes that look at files
// and drivers.

#include <signal.h>
#include <sys/prctl.h>

#include <CLI/CLI.hpp>

#include "daemon/profiling/child/child.h"
#include "daemon/worker/probe.h"
#include "daemon/worker/worker.h"
#include "engine/gguf/manifest.h"

int main(int argc, char** argv) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // What is sent to the whole group (a terminal's Ctrl-C, a service manager's stop) is motleyd's to
  // handle.
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
  CLI::App app("Owns one device for motleyd. Started by it, never by hand.");
  motley::WorkerOptions options;
  int control = -1;
  std::string gguf, probe;
  std::vector<std::string> profile;
  app.add_option("--backend", options.backend, "plug-in to load");
  app.add_option("--device", options.device, "the one device to open");
  app.add_option("--threads", options.threads, "host threads, 0: the backend's choice");
  app.add_option("--control-fd", control, "socket to motleyd");
  app.add_option("--parse-gguf", gguf, "read a model file's manifest and send it to descriptor 3");
  app.add_option("--probe", probe, "list the devices of a backend on descriptor 3");
  app.add_option("--profile", profile, "measure a backend's device as descriptor 3 asks for")
      ->expected(2);
  CLI11_PARSE(app, argc, argv);
  if (!gguf.empty()) return motley::GgufChildMain(gguf);
  if (!probe.empty()) return motley::RunProbe(probe);
  if (!profile.empty()) return motley::RunProfileChild(profile[0], profile[1]);
  if (control < 0) {
    std::fputs("motley-worker is started by motleyd; see motley serve --help\n", stderr);
    return 2;
  }
  return motley::RunWorker(options, motley::Fd(control));
}

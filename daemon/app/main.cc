// motleyd: the service.

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "daemon/app/options.h"
#include "daemon/app/serve.h"

int main(int argc, char** argv) {
  CLI::App app(
      "Serves a model on the devices of this machine.\n\nExample:\n  motleyd model.gguf --listen "
      "127.0.0.1:6685\n");
  app.name("motleyd");
  app.set_version_flag("--version", "motleyd " MOTLEY_VERSION);
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return std::string("error: ") + error.what() + "\n  fix: motleyd --help\n";
  });
  motley::ServeOptions options;
  pid_t parent = 0;
  app.add_option("model", options.model, "model file (GGUF)")->required();
  motley::AddPlacementOptions(app, &options);
  motley::AddListenOptions(app, &options);
  app.add_option("--parent", parent, "end when the starting process, which has this id, ends");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (parent > 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) return 0;  // it ended before
  }
  return motley::Serve(options);
}

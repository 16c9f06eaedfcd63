// motleyd: the service.

#include "daemon/app/options.h"
#include "daemon/app/serve.h"

int main(int argc, char** argv) {
  CLI::App app(
      "Serves a model on the devices of this machine.\n\nExample:\n  motleyd model.gguf --listen "
      "127.0.0.1:6685\n");
  motley::ServeOptions options;
  app.add_option("model", options.model, "model file (GGUF)")->required()->check(CLI::ExistingFile);
  motley::AddPlacementOptions(app, &options);
  motley::AddListenOptions(app, &options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return motley::Serve(options);
}

// The HTTP door before a toy model, for trying clients: motley-toy-server [ADDRESS
// [MICROSECONDS_PER_TOKEN]]. Prints where it listens; serves until its standard input ends.

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

#include "daemon/http/api.h"
#include "tests/fakes/scripted_service.h"

int main(int argc, char** argv) {
  motley::HttpOptions options;
  options.listen = {argc > 1 ? argv[1] : "127.0.0.1:0"};
  motley::ScriptedService service(motley::ScriptedService::Count,
                                  std::chrono::microseconds(argc > 2 ? std::atoi(argv[2]) : 1000));
  auto server = motley::ServeHttp(service, motley::RealClock(), options);
  if (!server.ok()) {
    std::fprintf(stderr, "%s; %s\n", server.error().message.c_str(), server.error().remedy.c_str());
    return 1;
  }
  std::printf("%s\n", (*server)->addresses().front().c_str());
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
  }
  (*server)->Stop(std::chrono::seconds(2));
  return 0;
}

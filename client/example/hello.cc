// Asks a running motleyd one question through the client library and streams the answer:
//
//   motley serve model.gguf --rpc ipc:///tmp/motley-rpc.sock &
//   hello ipc:///tmp/motley-rpc.sock "Why is the sky blue?"

#include <cstdio>
#include <string>

#include "client/client.h"

namespace {

int Fail(const motley::Error& error) {
  std::fprintf(stderr, "%s: %s\n", motley::CodeName(error.code), error.message.c_str());
  return 1;
}

int Ask(const std::string& address, const std::string& question) {
  auto client = motley::client::Client::Connect(address, std::chrono::seconds(5));
  if (!client.ok()) return Fail(client.error());
  motley::client::GenerateRequest request;
  request.prompt = question;
  request.max_tokens = 32;
  request.temperature = 0;
  auto generation = client->Generate(request, std::chrono::minutes(1));
  if (!generation.ok()) return Fail(generation.error());
  for (const std::string& text : *generation) {
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
  }
  const motley::Status status = generation->status();
  if (!status.ok()) return Fail(status.error());
  std::printf("\n%d tokens in, %d out\n", generation->ending()->prompt_tokens,
              generation->ending()->generated_tokens);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: hello ipc:///path PROMPT\n");
    return 2;
  }
  return Ask(argv[1], argv[2]);
}

#include "engine/gguf/load.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/os.h"
#include "engine/gguf/reader.h"
#include "engine/gguf/validator.h"
#include "engine/gguf/wire.h"

namespace motley {
namespace {

constexpr int kAnswerFd = 3;
constexpr int kExitMs = 2000;
constexpr size_t kMaxMessageBytes = 64;

Error Broken(const std::string& path, const std::string& what) {
  Error error = Error::Internal("the parser of " + path + " " + what);
  error.field = "file";
  return std::move(error).Fix("the file may be damaged or hostile; do not use it, and report it");
}

// Why no answer came.
Error Autopsy(Child& child, const std::string& path, Error received, int wall_limit_ms) {
  if (received.code == Code::kCancelled) {
    Error error =
        Broken(path, "took longer than " + std::to_string(wall_limit_ms) + " ms and was stopped");
    error.code = Code::kCancelled;
    return error;
  }
  const auto status = child.Wait(kExitMs);
  if (!status.ok()) return Broken(path, "closed its socket without an answer");
  const std::string how = DescribeWaitStatus(*status);
  return Broken(path, how.starts_with("killed") ? "was " + how : "ended without an answer, " + how);
}

Result<Mapping> MapAnswer(const Message& message, const std::string& path) {
  if (message.fds.size() != 1) return Broken(path, "answered without its data");
  const int seals = fcntl(message.fds[0].get(), F_GET_SEALS);
  // Without the seal, the sender could change the bytes after they are checked.
  if (seals < 0 || !(seals & F_SEAL_WRITE))
    return Broken(path, "answered with data that is not sealed");
  if (TRY(FileSize(message.fds[0])) > kMaxAnswerBytes)
    return Broken(path, "answered with too much data");
  return MapShared(message.fds[0], Access::kRead);
}

Status CheckAgain(const Manifest& manifest, const std::string& path) {
  if (manifest.alignment != TRY(AlignmentOf(manifest)))
    return Broken(path, "answered with a wrong alignment");
  TRY(CheckLayout(manifest));
  return ValidateManifest(manifest);
}

}  // namespace

Result<ParserProcess> InstalledParser() {
  const std::string beside = ProgramFolder() + "/motley-worker";
  const std::string in_bin = ProgramFolder() + "/../bin/motley-worker";
  for (const std::string& program : {beside, in_bin}) {
    if (access(program.c_str(), X_OK) == 0) return ParserProcess{.program = program};
  }
  return Error::NotFound("the program motley-worker, which parses models, is neither " + beside +
                         " nor " + in_bin)
      .Fix("install Motley again, or build it with scripts/build");
}

Result<Manifest> LoadManifestWith(const ParserProcess& parser, const std::string& path) {
  auto sockets = TRY(MakeSocketPair());
  // A name that begins with a dash would be read as an option.
  const std::string argument = path.starts_with('-') ? "./" + path : path;
  Child child = TRY(Spawn({.arguments = {parser.program, "--parse-gguf", argument},
                           .fds = {{sockets.second.get(), kAnswerFd}},
                           .quiet = true}));
  sockets.second = Fd();  // so that the child's end is the only one, and its death is seen
  auto message = ReceiveMessage(sockets.first, parser.wall_limit_ms, kMaxMessageBytes);
  if (!message.ok()) return Autopsy(child, path, message.ReleaseError(), parser.wall_limit_ms);
  const Mapping mapping = TRY(MapAnswer(*message, path));
  Manifest manifest = TRY(DecodeAnswer(mapping.bytes()));
  manifest.path = path;
  manifest.file_bytes = TRY(OpenGguf(path)).bytes;
  TRY(CheckAgain(manifest, path));
  return manifest;
}

Result<Manifest> LoadManifest(const std::string& path) {
  return LoadManifestWith(TRY(InstalledParser()), path);
}

}  // namespace motley

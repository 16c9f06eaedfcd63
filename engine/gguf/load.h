#pragma once
// The asking side of the throwaway parser. Private to engine/gguf and its tests: everybody else
// calls LoadManifest.

#include <string>

#include "base/result.h"
#include "engine/gguf/manifest.h"

namespace motley {

struct ParserProcess {
  std::string program;  // started as `program --parse-gguf PATH` with a socket as its descriptor 3
  int wall_limit_ms = 35'000;  // from start to answer; the process is killed then
};

// motley-worker beside the running program, or in ../bin as seen from there. NotFound names both
// places.
Result<ParserProcess> InstalledParser();

// LoadManifest with a parser of one's own. The answer's layout and meaning are checked again here.
// Errors: the file's own; Internal with field "file" when the parser dies or answers nonsense;
// Cancelled at the limit.
Result<Manifest> LoadManifestWith(const ParserProcess& parser, const std::string& path);

}  // namespace motley

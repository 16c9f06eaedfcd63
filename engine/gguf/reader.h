#pragma once
// From the bytes of a GGUF file (version 2 or 3, little-endian; the public specification) to a
// Manifest whose layout is proved: see docs/formats.md. Says nothing about the model in it
// (validator.h). Private to engine/gguf. Errors: InvalidArgument for what no GGUF file may contain,
// Unsupported for what Motley does not read; with field and offset. Nothing here maps the file or
// reads a tensor's values.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/os.h"
#include "base/result.h"
#include "engine/gguf/cursor.h"
#include "engine/gguf/manifest.h"

namespace motley {

// What a file may cost and hold. A vocabulary of 262,144 tokens and 514,906 merges costs about 45
// MiB.
inline constexpr uint64_t kMetadataMemoryBytes = 80ull << 20;
inline constexpr uint64_t kMaxKeys = 65536;
inline constexpr uint64_t kMaxTensors = 65536;
inline constexpr uint64_t kMaxKeyBytes = 65535;      // the specification's
inline constexpr uint64_t kMaxTensorNameBytes = 64;  // the specification's
inline constexpr uint64_t kMaxStringBytes = 16ull << 20;
inline constexpr uint64_t kMaxAlignment = 64 * 1024;

// Where things stand in the file, for errors found after reading.
struct Offsets {
  std::map<std::string, uint64_t> metadata;  // key -> its value
  std::vector<uint64_t> tensors;             // index -> its description
};

// `error` with the offset of its field, when it has none and the field is in the file.
Error Locate(Error error, const Offsets& offsets);

// Opens a regular file; anything else (a folder, a pipe) is InvalidArgument.
struct OpenFile {
  std::string path;
  Fd fd;
  uint64_t bytes = 0;
};
Result<OpenFile> OpenGguf(const std::string& path);
// Reads and validates an open file, with no system call but pread and those that allocate.
Result<Manifest> ParseOpenGguf(const OpenFile& file);

// The key-value part and the tensor part, the cursor standing at each. ReadTensors ends with
// CheckLayout.
Status ReadMetadata(Cursor& cursor, uint64_t count, Manifest& out, Offsets& offsets);
Status ReadTensors(Cursor& cursor, uint64_t count, Manifest& out, Offsets& offsets);

// general.alignment, or the 32 that holds without it.
Result<uint32_t> AlignmentOf(const Manifest& manifest);

// Every tensor: 1 to 4 dims above zero, whole blocks, the right number of bytes, aligned, within
// the file, under its own name and on its own bytes. Manifest::alignment is not zero. Also run on
// what the parsing process answers.
Status CheckLayout(const Manifest& manifest);

// A foreign string in a message: quoted, at most 64 printable characters.
std::string Quoted(std::string_view text);

}  // namespace motley

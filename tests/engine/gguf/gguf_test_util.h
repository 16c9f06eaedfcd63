#pragma once
// Built files on disk, for the tests of this folder.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "base/os.h"
#include "engine/gguf/manifest.h"
#include "tests/engine/gguf/gguf_builder.h"

namespace motley {

// A file that goes away with the object; one test program at a time writes under its name.
class SavedFile {
 public:
  explicit SavedFile(const std::string& bytes)
      : path_(testing::TempDir() + "motley-gguf-" + std::to_string(getpid()) + ".gguf") {
    WriteFile(path_, bytes);
  }
  ~SavedFile() { unlink(path_.c_str()); }
  SavedFile(const SavedFile&) = delete;
  SavedFile& operator=(const SavedFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline Result<Manifest> ParseBytes(const std::string& bytes) {
  return ParseGguf(SavedFile(bytes).path());
}

// "" when it parses, else "field: message".
inline std::string ErrorOf(const Result<Manifest>& result) {
  return result.ok() ? "" : result.error().field + ": " + result.error().message;
}
inline std::string ParseError(GgufBuilder& builder) { return ErrorOf(ParseBytes(builder.Build())); }

// A vocabulary-only file of an architecture that has no rules.
inline GgufBuilder AnyMetadata() {
  GgufBuilder builder;
  builder.Set("general.architecture", "none");
  return builder;
}

// `bytes` with `value` written over what stands at `offset`.
template <class T>
std::string Spoiled(std::string bytes, size_t offset, T value) {
  return bytes.replace(offset, sizeof value, reinterpret_cast<const char*>(&value), sizeof value);
}

inline const GgufMark& MarkNamed(const GgufBuilder& builder, const std::string& name) {
  static const GgufMark kNone{GgufMark::kValue, "none", 0, 0};
  for (const GgufMark& mark : builder.marks()) {
    if (mark.name == name) return mark;
  }
  ADD_FAILURE() << "no mark " << name;
  return kNone;
}

// Runs `gguf-parse-child --parse-gguf PATH DEED`: parses, then tries the deed in what is left of
// its rights.
inline int StatusAfterParsing(const std::string& path, const std::string& deed) {
  auto sockets = MakeSocketPair();
  auto child =
      Spawn({.arguments = {ProgramFolder() + "/gguf-parse-child", "--parse-gguf", path, deed},
             .fds = {{sockets->second.get(), 3}},
             .quiet = true});
  const auto status = child->Wait(60'000);
  EXPECT_TRUE(status.ok());
  return status.ok() ? *status : -1;
}
inline std::string AfterParsing(const std::string& path, const std::string& deed) {
  return DescribeWaitStatus(StatusAfterParsing(path, deed));
}
// The most memory that parsing `path` took, in MiB; 255 stands for more. (A child's ru_maxrss
// begins with its parent's.)
inline int PeakMiB(const std::string& path) {
  const int status = StatusAfterParsing(path, "measure");
  EXPECT_TRUE(WIFEXITED(status)) << DescribeWaitStatus(status);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

inline constexpr const char* kFamilyNames[] = {"llama", "qwen2", "qwen3", "gemma3"};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace motley

// Files as others make them: the two demo models in $MOTLEY_MODELS, and every vocabulary in
// $MOTLEY_VOCABULARIES (the ggml-vocab-*.gguf of llama.cpp's models folder).

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/os.h"
#include "engine/gguf/load.h"
#include "tests/engine/gguf/gguf_test_util.h"

namespace motley {
namespace {

namespace fs = std::filesystem;

Result<Manifest> Load(const fs::path& path) {
  return LoadManifestWith({.program = ProgramFolder() + "/gguf-parse-child"}, path.string());
}

TEST(RealFiles, DemoModelsPass) {
  const char* folder = std::getenv("MOTLEY_MODELS");
  if (!folder) GTEST_SKIP() << "MOTLEY_MODELS, the folder of the demo models, is not set";
  struct Expected {
    const char* file;
    const char* key;
    int64_t blocks;
    size_t tensors;
  };
  for (const Expected& e :
       {Expected{"SmolLM2-135M-Instruct.Q4_1.gguf", "llama.block_count", 30, 272},
        Expected{"gemma-3-270m-q4_k_m.gguf", "gemma3.block_count", 18, 236}}) {
    const fs::path path = fs::path(folder) / e.file;
    if (!fs::exists(path)) GTEST_SKIP() << path << " is missing";
    const auto m = Load(path);
    ASSERT_EQ(ErrorOf(m), "") << path;
    EXPECT_EQ(*m->Integer(e.key), e.blocks);
    EXPECT_EQ(m->tensors.size(), e.tensors);
  }
}

TEST(RealFiles, VocabulariesOfAllArchitecturesPass) {
  const char* folder = std::getenv("MOTLEY_VOCABULARIES");
  if (!folder)
    GTEST_SKIP() << "MOTLEY_VOCABULARIES, a folder of vocabulary-only GGUF files, is not set";
  int files = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".gguf") continue;
    ++files;
    const auto m = Load(entry.path());
    EXPECT_EQ(ErrorOf(m), "") << entry.path();
    EXPECT_TRUE(!m.ok() || m->tensors.empty()) << entry.path();
  }
  EXPECT_GT(files, 0) << folder;
}

}  // namespace
}  // namespace motley

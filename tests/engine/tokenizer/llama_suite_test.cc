// llama.cpp's own tokeniser suites (vocabulary-only GGUF files, texts and ids), from the extracted
// source distribution of llama-cpp-python that $MOTLEY_LLAMA_SDIST names.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/engine/tokenizer/tiny.h"

namespace motley::testing {
namespace {

const char* const kVocabularies[] = {
    "command-r", "deepseek-coder", "deepseek-llm", "falcon", "gpt-2",  "llama-bpe", "llama-spm",
    "mpt",       "phi-3",          "qwen2",        "qwen35", "refact", "starcoder"};

std::string Contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream contents;
  contents << in.rdbuf();
  return contents.str();
}

std::vector<std::string> Texts(std::string contents) {
  const std::string separator = "\n__ggml_vocab_test__\n";
  std::vector<std::string> texts;
  for (size_t at; (at = contents.find(separator)) != std::string::npos;) {
    texts.push_back(contents.substr(0, at));
    contents.erase(0, at + separator.size());
  }
  return texts;
}

std::vector<std::vector<int32_t>> Ids(const std::string& contents) {
  std::vector<std::vector<int32_t>> ids;
  std::istringstream lines(contents);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream numbers(line);
    ids.emplace_back();
    for (int32_t id; numbers >> id;) ids.back().push_back(id);
  }
  return ids;
}

class LlamaSuite : public ::testing::TestWithParam<const char*> {};

TEST_P(LlamaSuite, GivesTheSameIds) {
  const char* sdist = std::getenv("MOTLEY_LLAMA_SDIST");
  if (sdist == nullptr) GTEST_SKIP() << "MOTLEY_LLAMA_SDIST is not set: no llama.cpp suites";
  const std::string path =
      std::string(sdist) + "/vendor/llama.cpp/models/ggml-vocab-" + GetParam() + ".gguf";
  auto manifest = ParseGguf(path);
  ASSERT_TRUE(manifest.ok()) << manifest.error().message;
  const auto tokenizer = MustLoad(*manifest);
  const std::vector<std::string> texts = Texts(Contents(path + ".inp"));
  const std::vector<std::vector<int32_t>> ids = Ids(Contents(path + ".out"));
  ASSERT_GT(texts.size(), 40u);
  ASSERT_GE(ids.size(), texts.size());
  for (size_t i = 0; i < texts.size(); ++i)
    EXPECT_EQ(Plain(*tokenizer, texts[i]), ids[i]) << texts[i];
}

INSTANTIATE_TEST_SUITE_P(Vocabularies, LlamaSuite, ::testing::ValuesIn(kVocabularies),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace motley::testing

// The throwaway process: what it may not do, and what is said when it goes wrong.

#include "engine/gguf/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/os.h"
#include "tests/engine/gguf/gguf_test_util.h"

namespace motley {
namespace {

using testing::HasSubstr;

ParserProcess TestParser(int wall_limit_ms = 35'000) {
  return {.program = ProgramFolder() + "/gguf-parse-child", .wall_limit_ms = wall_limit_ms};
}

std::string LoadError(const std::string& path, int wall_limit_ms = 35'000) {
  return ErrorOf(LoadManifestWith(TestParser(wall_limit_ms), path));
}

TEST(LoadManifest, GivesWhatParsingHereGives) {
  for (const std::string family : kFamilyNames) {
    const SavedFile file(MakeTinyModel(family));
    const auto here = ParseGguf(file.path()), there = LoadManifestWith(TestParser(), file.path());
    ASSERT_EQ(ErrorOf(there), "") << family;
    EXPECT_EQ(there->path, file.path());
    EXPECT_EQ(there->file_bytes, here->file_bytes);
    EXPECT_EQ(there->version, here->version);
    EXPECT_EQ(there->metadata, here->metadata);
    ASSERT_EQ(there->tensors.size(), here->tensors.size());
    for (size_t i = 0; i < here->tensors.size(); ++i) {
      EXPECT_EQ(there->tensors[i].name, here->tensors[i].name);
      EXPECT_EQ(there->tensors[i].type, here->tensors[i].type);
      EXPECT_EQ(there->tensors[i].dims, here->tensors[i].dims);
      EXPECT_EQ(there->tensors[i].offset, here->tensors[i].offset);
      EXPECT_EQ(there->tensors[i].bytes, here->tensors[i].bytes);
    }
  }
}

TEST(LoadManifest, BringsTheErrorWithItsFieldOffsetAndRemedy) {
  GgufBuilder b = TinyModel("llama");
  b.Set("llama.block_count", 0u);
  const SavedFile file(b.Build());
  const auto here = ParseGguf(file.path()), there = LoadManifestWith(TestParser(), file.path());
  ASSERT_FALSE(there.ok());
  EXPECT_EQ(there.error().code, here.error().code);
  EXPECT_EQ(ErrorOf(there), ErrorOf(here));
  EXPECT_EQ(there.error().offset, here.error().offset);
  EXPECT_EQ(LoadManifestWith(TestParser(), "/no/such.gguf").error().code, Code::kNotFound);
}

TEST(LoadManifest, SaysHowTheParserDied) {
  EXPECT_THAT(LoadError("/dies"), HasSubstr("file: the parser of /dies was killed by signal 9"));
  EXPECT_THAT(LoadError("/leaves"), HasSubstr("ended without an answer, exit status 7"));
  const auto slow = LoadManifestWith(TestParser(50), "/sleeps");
  EXPECT_THAT(ErrorOf(slow), HasSubstr("took longer than 50 ms and was stopped"));
  EXPECT_EQ(slow.error().code, Code::kCancelled);
}

TEST(LoadManifest, TrustsNoAnswer) {
  EXPECT_THAT(LoadError("/babbles"), HasSubstr("answer is malformed"));
  EXPECT_THAT(LoadError("/unsealed"), HasSubstr("not sealed"));
  const std::string folder = testing::TempDir() + "motley-lies-" + std::to_string(getpid());
  ASSERT_EQ(mkdir(folder.c_str(), 0700), 0);
  const std::string path = folder + "/lies";
  WriteFile(path, "x");
  EXPECT_THAT(LoadError(path),
              HasSubstr("tensor[0].offset: token_embd.weight needs 128 bytes from byte"));
  unlink(path.c_str());
  rmdir(folder.c_str());
}

TEST(LoadManifest, NamesTheProgramThatIsMissing) {
  const auto m = LoadManifestWith({.program = "/no/such/motley-worker"}, "/any");
  EXPECT_THAT(m.error().message, HasSubstr("/no/such/motley-worker"));
}

// What a parser that has been taken over could do.
TEST(GgufChildMain, CannotOpenConnectExecuteOrGrow) {
  const SavedFile file(MakeTinyModel("llama"));
  if (kSanitized) GTEST_SKIP() << "the filter and the memory limit are off under sanitizers";
  EXPECT_THAT(AfterParsing(file.path(), "nothing"), HasSubstr("exit status 0"));
  EXPECT_THAT(AfterParsing(file.path(), "open"), HasSubstr("killed by signal 31"));
  EXPECT_THAT(AfterParsing(file.path(), "socket"), HasSubstr("killed by signal 31"));
  EXPECT_THAT(AfterParsing(file.path(), "execute"), HasSubstr("killed by signal 31"));
  EXPECT_THAT(AfterParsing(file.path(), "executable-memory"), HasSubstr("killed by signal 31"));
  EXPECT_THAT(AfterParsing(file.path(), "grow"), HasSubstr("exit status 12"));
}

// 262,144 tokens and 524,288 merges: more than any vocabulary of the four families.
TEST(LoadManifest, TakesTheLargestVocabulariesWithin256MiB) {
  GgufBuilder b;
  std::vector<std::string> tokens, merges;
  for (int i = 0; i < 262'144; ++i) tokens.push_back("token number " + std::to_string(i));
  for (int i = 0; i < 524'288; ++i)
    merges.push_back("left" + std::to_string(i) + " right" + std::to_string(i));
  b.Set("general.architecture", "gemma3")
      .Set("tokenizer.ggml.model", "gpt2")
      .Set("tokenizer.ggml.tokens", tokens);
  b.Set("tokenizer.ggml.merges", merges)
      .Set("tokenizer.ggml.scores", std::vector<float>(tokens.size(), 1.0f));
  b.Set("tokenizer.ggml.token_type", std::vector<int32_t>(tokens.size(), 1));
  const SavedFile file(b.Build());
  const auto m = LoadManifestWith(TestParser(), file.path());
  ASSERT_EQ(ErrorOf(m), "");
  EXPECT_EQ(m->Strings("tokenizer.ggml.merges")->back(), "left524287 right524287");
}

// Files made to cost as much as the limits allow, and a little more.
TEST(LoadManifest, NoFileMakesTheParserLargerThan256MiB) {
  const std::vector<std::pair<size_t, size_t>> shapes = {{1, 200'000},    {0, 2'600'000},
                                                         {16, 1'000'000}, {15, 2'500'000},
                                                         {16'000'000, 4}, {16'000'000, 6}};
  for (const auto& [length, count] : shapes) {
    std::string list("\x08\0\0\0", 4);
    const uint64_t sizes[] = {count, length};
    list.append(reinterpret_cast<const char*>(&sizes[0]), 8);
    std::string element(reinterpret_cast<const char*>(&sizes[1]), 8);
    element += std::string(length, 'x');
    list.reserve(list.size() + count * element.size());
    for (size_t i = 0; i < count; ++i) list += element;
    GgufBuilder b = AnyMetadata();
    b.AppendRaw("list", 9, std::move(list));
    const SavedFile file(b.Build());
    const auto m = LoadManifestWith(TestParser(), file.path());
    EXPECT_TRUE(m.ok() || m.error().field.starts_with("list")) << ErrorOf(m);
    EXPECT_LT(PeakMiB(file.path()), kSanitized ? 1024 : 200) << length << " x " << count;
  }
}

}  // namespace
}  // namespace motley

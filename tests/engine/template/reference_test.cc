// The templates of well-known models, as the llama-cpp-python source archive carries them
// ($MOTLEY_LLAMA_SDIST, its unpacked folder), against jinja2 used as transformers uses it
// (reference_render.py).
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "base/os.h"
#include "engine/template/ordered_json.h"
#include "engine/template/renderer.h"

namespace motley {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr uint64_t kLimit = 64 << 20;

fs::path TemplatesFolder() {
  const char* root = std::getenv("MOTLEY_LLAMA_SDIST");
  if (root == nullptr || !fs::is_directory(root)) return {};
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.is_directory() && entry.path().string().ends_with("/models/templates")) {
      return entry.path();
    }
  }
  return {};
}

Json ReadJson(const fs::path& path) {
  Result<std::string> text = ReadFile(path, kLimit);
  if (!text.ok()) {
    ADD_FAILURE() << text.error().message;
    return {};
  }
  return Json::parse(*text);
}

Json RunReference(const fs::path& templates, const fs::path& conversations) {
  const fs::path output =
      fs::path(testing::TempDir()) / ("motley-reference-" + std::to_string(getpid()) + ".json");
  Result<Child> child =
      Spawn({.arguments = {"/usr/bin/python3", MOTLEY_TEMPLATE_TESTS "/reference_render.py",
                           templates, conversations, output}});
  if (!child.ok() || child->Wait(120000).value() != 0) {
    ADD_FAILURE() << "reference_render.py failed";
    return {};
  }
  const Json result = ReadJson(output);
  fs::remove(output);
  return result;
}

TEST(TemplateReference, EveryKnownTemplateRendersAsTransformersDoes) {
  const fs::path templates = TemplatesFolder();
  if (templates.empty()) GTEST_SKIP() << "MOTLEY_LLAMA_SDIST names no folder with models/templates";
  const fs::path conversations = MOTLEY_TEMPLATE_TESTS "/conversations.json";
  const Json cases = ReadJson(conversations);
  const Json reference = RunReference(templates, conversations);
  int rendered = 0, refused = 0;
  for (const auto& [file, texts] : reference.items()) {
    auto renderer = TemplateRenderer::Start(*ReadFile(templates / file, kLimit));
    ASSERT_TRUE(renderer.ok()) << renderer.error().message;
    for (const auto& [name, expected] : texts.items()) {
      SCOPED_TRACE(file + ", " + name);
      const Result<std::string> text = (*renderer)->Render(cases[name]);
      EXPECT_EQ(text.ok(), !expected.is_null()) << (text.ok() ? *text : text.error().message);
      EXPECT_TRUE(text.ok() || text.error().code == Code::kInvalidArgument);
      EXPECT_EQ(text.ok() ? Json(*text) : Json(), expected);
      ++(text.ok() ? rendered : refused);
    }
  }
  EXPECT_GE(rendered, 200);
  RecordProperty("rendered", rendered);
  RecordProperty("refused", refused);
  std::printf("%zu templates: %d texts equal, %d refused by both\n", reference.size(), rendered,
              refused);
}

}  // namespace
}  // namespace motley

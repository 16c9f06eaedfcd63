// Bad files by the hundred: every field of four models spoiled in many ways. Each one that is
// refused must say which field; none may crash. Files that stay valid by chance are counted apart.

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <random>

#include "base/os.h"
#include "engine/gguf/load.h"
#include "tests/engine/gguf/gguf_test_util.h"

namespace motley {
namespace {

constexpr int kLeastRefused = 600;
constexpr int kEveryNthInAChild = 40;

struct BadFile {
  std::string name;
  std::string bytes;
  bool always_refused;  // else it may be valid by chance
};
using Take = std::function<void(BadFile)>;

GgufBuilder Small(const std::string& family) {
  return TinyModel(family, {.layers = 1,
                            .embedding = 32,
                            .heads = 2,
                            .kv_heads = 1,
                            .feed_forward = 32,
                            .type = TensorType::kQ8_0,
                            .embedding_type = TensorType::kQ8_0});
}

template <class T>
T ValueAt(const std::string& bytes, size_t offset) {
  return LoadUnaligned<T>(bytes.data() + offset);
}

std::string AtMark(const GgufMark& mark, const std::string& bytes, uint64_t value) {
  return mark.size == 4 ? Spoiled(bytes, mark.offset, static_cast<uint32_t>(value))
                        : Spoiled(bytes, mark.offset, value);
}

// Vocabularies have hundreds of equal fields; a few of them are enough.
std::vector<GgufMark> Chosen(const GgufBuilder& builder) {
  std::vector<GgufMark> out;
  std::string last;
  for (const GgufMark& mark : builder.marks()) {
    if (mark.kind == GgufMark::kValue || mark.name == last) continue;
    last = mark.name;
    out.push_back(mark);
  }
  return out;
}

void SpoilStructure(const std::string& family, std::mt19937_64& random, const Take& take) {
  GgufBuilder builder = Small(family);
  const std::string bytes = builder.Build();
  constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
  for (const GgufMark& mark : Chosen(builder)) {
    const auto spoil = [&](uint64_t value, bool always) {
      const std::string spoiled = AtMark(mark, bytes, value);
      if (spoiled == bytes) return;
      take({family + ": " + mark.name + " = " + std::to_string(value), spoiled, always});
    };
    const uint64_t now = mark.size == 4 ? ValueAt<uint32_t>(bytes, mark.offset)
                                        : ValueAt<uint64_t>(bytes, mark.offset);
    if (mark.kind == GgufMark::kLength) {
      for (const uint64_t value :
           {kMax, kMax / 2 + 1, random() | (uint64_t{1} << 32), uint64_t{bytes.size()}})
        spoil(value, true);
      spoil(now + 1, false), spoil(now - 1, false), spoil(0, false);
    }
    if (mark.kind == GgufMark::kDim) {
      for (const uint64_t value : {kMax, kMax / 2 + 1, uint64_t{0}, random(), now + 1, now * 2})
        spoil(value, true);
    }
    if (mark.kind == GgufMark::kCount) {
      for (const uint64_t value : {0, 5, 3, 0x7fffffff}) spoil(value, true);
    }
    if (mark.kind == GgufMark::kOffset) {
      for (const uint64_t value : {kMax, kMax - 31, uint64_t{1}, uint64_t{bytes.size()}, now + 32})
        spoil(value, true);
    }
    if (mark.kind == GgufMark::kType) {
      for (uint64_t value = 0; value < 14; ++value) spoil(value, false);
      spoil(random() | 64, true);
    }
    if (mark.kind == GgufMark::kMagic) spoil(random(), true);
  }
}

void CutShort(const std::string& family, std::mt19937_64& random, const Take& take) {
  const std::string bytes = Small(family).Build();
  // The file's last bytes are padding behind the last tensor.
  constexpr size_t kPadding = 32;
  for (int i = 0; i < 60; ++i) {
    const size_t size = random() % (bytes.size() - kPadding);
    take({family + ": cut at " + std::to_string(size), bytes.substr(0, size), true});
  }
}

void FlipBytes(const std::string& family, std::mt19937_64& random, const Take& take) {
  GgufBuilder builder = Small(family);
  const std::string bytes = builder.Build();
  const size_t header = builder.marks().back().offset;
  for (int i = 0; i < 100; ++i) {
    std::string spoiled = bytes;
    for (int n = 0; n < 3; ++n) spoiled[random() % header] = static_cast<char>(random());
    take({family + ": flips " + std::to_string(i), std::move(spoiled), false});
  }
}

void SpoilHyperParameters(const std::string& family, const Take& take) {
  for (const char* name :
       {"block_count", "context_length", "embedding_length", "feed_forward_length",
        "attention.head_count", "attention.head_count_kv", "attention.key_length",
        "attention.layer_norm_rms_epsilon", "rope.freq_base"}) {
    const std::string key = family + "." + name;
    const auto with = [&](const char* what, auto value) {
      GgufBuilder builder = Small(family);
      take({key + " " + what, builder.Set(key, value).Build(), true});
    };
    with("zero", 0u), with("huge", ~0u), with("huger", ~0ull), with("negative", -1),
        with("text", "1");
    with("flag", true), with("nan", std::numeric_limits<float>::quiet_NaN());
    with("infinite", std::numeric_limits<double>::infinity()),
        with("list", std::vector<uint32_t>{1});
  }
  for (const uint32_t alignment : {0u, 1u, 2u, 12u, 33u, 1u << 17, 1u << 31, ~0u}) {
    GgufBuilder builder = Small(family);
    take({family + ": alignment", builder.Set("general.alignment", alignment).Build(), true});
  }
}

struct Tally {
  int refused = 0, accepted = 0, in_children = 0;
};

void CheckOne(const BadFile& bad, Tally& tally) {
  const SavedFile file(bad.bytes);
  const auto here = ParseGguf(file.path());
  (here.ok() ? tally.accepted : tally.refused)++;
  if (bad.always_refused) {
    EXPECT_FALSE(here.ok()) << bad.name;
  }
  if (!here.ok()) {
    EXPECT_NE(here.error().field, "") << bad.name;
    EXPECT_NE(here.error().message, "") << bad.name;
  }
  if ((tally.refused + tally.accepted) % kEveryNthInAChild != 0) return;
  const auto there =
      LoadManifestWith({.program = ProgramFolder() + "/gguf-parse-child"}, file.path());
  EXPECT_EQ(ErrorOf(there), ErrorOf(here)) << bad.name;
  EXPECT_LT(PeakMiB(file.path()), kSanitized ? 256 : 128) << bad.name;
  ++tally.in_children;
}

TEST(Corpus, NamesTheFieldOfEveryBadFileAndNeverCrashes) {
  std::mt19937_64 random(20240224);
  for (const std::string family : kFamilyNames) {
    Tally tally;
    const Take take = [&](const BadFile& bad) { CheckOne(bad, tally); };
    SpoilStructure(family, random, take);
    CutShort(family, random, take);
    FlipBytes(family, random, take);
    SpoilHyperParameters(family, take);
    RecordProperty(family + "_refused", tally.refused);
    RecordProperty(family + "_accepted", tally.accepted);
    EXPECT_GE(tally.refused, kLeastRefused) << family;
    EXPECT_GE(tally.in_children, 10) << family;
  }
}

}  // namespace
}  // namespace motley

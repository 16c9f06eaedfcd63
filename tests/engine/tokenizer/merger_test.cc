#include "engine/tokenizer/merging/merger.h"

#include <gtest/gtest.h>

#include <random>

#include "engine/tokenizer/merging/hash_tables.h"
#include "engine/tokenizer/merging/join_filter.h"

namespace motley {
namespace {

// By the book: look at all pairs, merge the best, again. Quadratic, and obviously right.
std::vector<int32_t> MergedByTheBook(std::vector<int32_t> symbols, const PairTable& merges) {
  for (;;) {
    const PairTable::Value* best = nullptr;
    size_t at = 0;
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      const PairTable::Value* merge = merges.Find(symbols[i], symbols[i + 1]);
      if (merge == nullptr || (best != nullptr && merge->rank >= best->rank)) continue;
      best = merge;
      at = i;
    }
    if (best == nullptr) return symbols;
    symbols[at] = best->merged;
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }
}

std::vector<int32_t> Merged(const std::vector<int32_t>& symbols, const PairTable& merges) {
  Merger merger;
  for (int32_t symbol : symbols) merger.Add(symbol);
  merger.Run([&](int32_t left, int32_t right) -> Merger::Merge {
    const auto* merge = merges.Find(merger.SymbolAt(left), merger.SymbolAt(right));
    return merge == nullptr ? Merger::Merge{} : Merger::Merge{merge->rank, merge->merged};
  });
  std::vector<int32_t> left;
  for (int32_t i = 0; i < merger.size(); i = merger.Next(i)) left.push_back(merger.SymbolAt(i));
  return left;
}

// Merges in no sensible order, several of one rank: nothing that a trained file would promise.
PairTable RandomMerges(std::mt19937* random, int32_t letters) {
  PairTable merges;
  int32_t next = letters;
  for (int i = 0; i < 40; ++i) {
    const auto left = static_cast<int32_t>((*random)() % next);
    const auto right = static_cast<int32_t>((*random)() % next);
    merges.Insert(left, right, {static_cast<uint32_t>((*random)() % 25), next++});
  }
  return merges;
}

TEST(Merger, MergesShortAndLongWordsAsByTheBook) {
  std::mt19937 random(7);
  for (const size_t length : {0, 1, 2, 3, 7, 50, 400, 4095, 4096, 6000}) {
    for (int round = 0; round < 6; ++round) {
      const int32_t letters = 1 + round % 3;
      const PairTable merges = RandomMerges(&random, letters);
      std::vector<int32_t> symbols(length);
      for (int32_t& symbol : symbols) symbol = static_cast<int32_t>(random() % letters);
      EXPECT_EQ(Merged(symbols, merges), MergedByTheBook(symbols, merges))
          << length << " symbols, round " << round;
    }
  }
}

TEST(MergeQueue, BothQueuesGiveTheSameOrder) {
  std::mt19937 random(3);
  HeapQueue heap;
  BucketQueue buckets;
  for (int step = 0; step < 20000; ++step) {
    if (random() % 5 < 3 || heap.empty()) {
      const MergeCandidate candidate = {static_cast<uint32_t>(random() % 8),
                                        static_cast<int32_t>(random() % 1000)};
      heap.Push(candidate);
      buckets.Push(candidate);
    } else {
      const MergeCandidate a = heap.Pop();
      const MergeCandidate b = buckets.Pop();
      ASSERT_EQ(a.rank, b.rank);
      ASSERT_EQ(a.node, b.node);
    }
    ASSERT_EQ(heap.empty(), buckets.empty());
  }
}

TEST(TextTable, FindsEveryTextAndNoOther) {
  std::vector<std::string> texts;
  for (int i = 0; i < 5000; ++i)
    texts.push_back(std::string(static_cast<size_t>(i % 40) + 1, 'x') + std::to_string(i));
  TextTable table;
  for (int i = 0; i < 5000; ++i) EXPECT_TRUE(table.Insert(texts[i], i));
  EXPECT_FALSE(table.Insert(texts[9], 77));
  for (int i = 0; i < 5000; ++i) EXPECT_EQ(table.Find(texts[i]), i);
  EXPECT_EQ(table.Find("x"), -1);
  table.Assign(texts[9], 77);
  EXPECT_EQ(table.Find(texts[9]), 77);
}

TEST(PairTable, KeepsTheFirstValueOfAPair) {
  PairTable table;
  for (int32_t i = 0; i < 3000; ++i) table.Insert(i, i + 1, {static_cast<uint32_t>(i), i});
  table.Insert(5, 6, {999, 999});
  EXPECT_EQ(table.Find(5, 6)->rank, 5u);
  EXPECT_EQ(table.Find(6, 5), nullptr);
  EXPECT_EQ(table.Find(2999, 3000)->merged, 2999);
}

TEST(JoinFilter, NeverDeniesNeighboursOfAToken) {
  JoinFilter filter(4);
  for (const char* token : {"abc", "\xC3\xA9t\xC3\xA9", "\xE2\x96\x81the", "\xF0\x9F\x98\x80!"})
    filter.AddToken(token);
  EXPECT_TRUE(filter.MayJoin("a", "b"));
  EXPECT_TRUE(filter.MayJoin("t", "\xC3\xA9"));
  EXPECT_TRUE(filter.MayJoin("\xE2\x96\x81", "t"));
  EXPECT_TRUE(filter.MayJoin("\xF0\x9F\x98\x80", "!"));
  int denied = 0;
  for (char c = 'A'; c <= 'Z'; ++c) denied += filter.MayJoin("c", {&c, 1}) ? 0 : 1;
  EXPECT_GT(denied, 13) << "it should be of some use";
}

}  // namespace
}  // namespace motley

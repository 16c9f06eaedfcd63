#include <algorithm>
#include <string>

#include "backends/cpu/checks.h"
#include "kernels/operand.h"

namespace motley {
namespace {

Status InRange(const char* what, int64_t row, int64_t value, int64_t limit) {
  if (value >= 0 && value < limit) return {};
  return Error::Invalid(what, std::string(what) + "[" + std::to_string(row) + "] is " +
                                  std::to_string(value) + ", there are " + std::to_string(limit));
}

Status AllInRange(const char* what, const Tensor& indices, int64_t limit) {
  for (int64_t m = 0; m < indices.rows; ++m) TRY(InRange(what, m, Index(indices, m), limit));
  return {};
}

// The block numbers that rows of one sequence use; a row reads all of them up to its position.
Status CheckBlocks(const op::Attention<Tensor>& c, int32_t sequence, int64_t first, int64_t last) {
  const int64_t blocks = c.k_cache.rows / (int64_t{c.kv_heads} * c.block_tokens);
  const int32_t* table = Row<int32_t>(c.block_table, sequence);
  for (int64_t b = first / c.block_tokens; b <= last / c.block_tokens; ++b) {
    TRY(InRange("block_table", b, table[b], blocks));
  }
  return {};
}

struct DataChecker {
  Status operator()(const op::GetRows<Tensor>& c) const {
    return AllInRange("ids", c.ids, c.table.rows);
  }
  Status operator()(const op::StoreKv<Tensor>& c) const {
    const int64_t slots = std::min(c.k_cache.rows, c.v_cache.rows) / c.kv_heads;
    return AllInRange("slots", c.slots, slots);
  }
  Status operator()(const op::Attention<Tensor>& c) const {
    TRY(AllInRange("sequences", c.sequences, c.block_table.rows));
    TRY(AllInRange("positions", c.positions, c.block_table.cols * c.block_tokens));
    for (int64_t m = 0; m < c.q.rows;) {
      const int32_t sequence = Index(c.sequences, m);
      int64_t lowest = Index(c.positions, m), highest = lowest;
      for (; m < c.q.rows && Index(c.sequences, m) == sequence; ++m) {
        lowest = std::min<int64_t>(lowest, Index(c.positions, m));
        highest = std::max<int64_t>(highest, Index(c.positions, m));
      }
      const int64_t first = c.window > 0 ? std::max<int64_t>(0, lowest - c.window + 1) : 0;
      TRY(CheckBlocks(c, sequence, first, highest));
    }
    return {};
  }
  template <class Op>
  Status operator()(const Op&) const {
    return {};
  }
};

}  // namespace

Status CheckData(const OpCall& call) {
  bool missing = false;
  std::visit(
      [&](auto copy) {
        copy.ForEach([&](const Tensor& t) { missing |= !t && t.rows > 0 && t.cols > 0; });
      },
      call);
  if (missing) {
    return Error::Invalid("handle", std::string(OpName(call)) + ": an operand has no memory");
  }
  return std::visit(DataChecker(), call);
}

}  // namespace motley

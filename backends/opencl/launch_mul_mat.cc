#include "backends/opencl/launch_mul_mat.h"

#include <array>
#include <vector>

#include "backends/opencl/arguments.h"
#include "backends/opencl/tile.h"
#include "kernels/dequantize/dequantize.h"

namespace motley::opencl {
namespace {

using Products = std::vector<op::MulMat<Tensor>::Product>;

// As products_opencl.cl has it.
struct Product {
  cl_long weight_at = 0, bias_at = 0, y_at = 0, y_stride = 0;
  cl_int rows = 0, last_tile = 0, has_bias = 0, unused = 0;
};

// x as the kernels take it: floats, or what quantize made of them.
struct Operand {
  cl_mem x = nullptr;
  cl_long offset = 0, stride = 0;
  cl_mem scales = nullptr;
};

class MulMatLauncher {
 public:
  MulMatLauncher(ClStream& stream, const op::MulMat<Tensor>& call)
      : stream_(stream),
        programs_(stream.device().programs()),
        call_(call),
        group_kernels_(programs_.flavour().kernels == KernelClass::kGroup) {}

  Status Run() {
    std::array<bool, 3> done = {};
    for (int i = 0; i < call_.count; ++i) {
      if (done[i]) continue;
      Products same;
      for (int j = i; j < call_.count; ++j) {
        if (call_.products[j].weight.type != call_.products[i].weight.type) continue;
        done[j] = true;
        same.push_back(call_.products[j]);
      }
      TRY(RunProducts(same));
    }
    return {};
  }

 private:
  Status RunProducts(const Products& products) {
    const TensorType type = products[0].weight.type;
    const bool round = IsQuantized(type) && programs_.flavour().arithmetic == Arithmetic::kInteger;
    if (round && !rounded_.x) rounded_ = TRY(Round());
    const auto x = static_cast<cl_mem>(call_.x.handle);
    const Operand operand = round ? rounded_ : Operand{x, call_.x.offset, call_.x.stride, x};
    // Full eights, then the rest with the smallest kernel that takes it.
    const int64_t rows = call_.x.rows, eights = rows / 8 * 8, rest = rows - eights;
    if (eights) TRY(RunRows(products, operand, 8, 0, eights));
    if (rest) TRY(RunRows(products, operand, rest == 1 ? 1 : rest <= 4 ? 4 : 8, eights, rest));
    return {};
  }

  Result<Operand> Round() {
    const int64_t rows = call_.x.rows, cols = call_.x.cols;
    const int64_t value_bytes = group_kernels_ ? 1 : sizeof(float);
    Operand out;
    out.stride = group_kernels_ ? cols / 4 : cols;
    out.scales = TRY(stream_.Scratch(0, static_cast<uint64_t>(rows * cols / 32 * 16)));
    out.x = TRY(stream_.Scratch(1, static_cast<uint64_t>(rows * cols * value_bytes)));
    Arguments call(stream_.device().api(), TRY(programs_.Core("quantize")));
    call.Rows(call_.x).Int(cols).Buffer(out.scales).Buffer(out.x);
    TRY(call.Run(stream_.queue(), cols / 32, rows, group_kernels_ ? 64 : 8));
    return out;
  }

  // `count` rows of x from `first` on, `rows` to an item or group.
  Status RunRows(const Products& products, const Operand& x, int rows, int64_t first,
                 int64_t count) {
    Arguments call(stream_.device().api(), TRY(programs_.MulMat(products[0].weight.type, rows)));
    call.Buffer(x.x).Value(x.offset).Value(x.stride).Buffer(x.scales);
    call.Int(first).Int(first + count).Int(call_.x.cols);
    int64_t tiles = 0;
    for (size_t i = 0; i < 3; ++i) tiles = AddProduct(call, products, i, tiles);
    const int64_t group = group_kernels_ ? 128 : 1;
    return call.Run(stream_.queue(), tiles * group, (count + rows - 1) / rows, group);
  }

  // Missing products repeat the first and have no tiles.
  static int64_t AddProduct(Arguments& call, const Products& products, size_t i, int64_t tiles) {
    const auto& p = products[i < products.size() ? i : 0];
    if (i < products.size()) tiles += (p.weight.rows + kLanes - 1) / kLanes;
    Product out;
    out.weight_at = p.weight.offset;
    out.bias_at = p.bias ? p.bias.offset : 0;
    out.y_at = p.y.offset;
    out.y_stride = p.y.stride;
    out.rows = static_cast<cl_int>(p.weight.rows);
    out.last_tile = static_cast<cl_int>(tiles);
    out.has_bias = p.bias ? 1 : 0;
    call.Buffer(static_cast<cl_mem>(p.weight.handle));
    call.Buffer(static_cast<cl_mem>(p.bias ? p.bias.handle : p.y.handle));
    call.Buffer(static_cast<cl_mem>(p.y.handle)).Value(out);
    return tiles;
  }

  ClStream& stream_;
  Programs& programs_;
  const op::MulMat<Tensor>& call_;
  bool group_kernels_;
  Operand rounded_;
};

}  // namespace

Status LaunchMulMat(ClStream& stream, const op::MulMat<Tensor>& call) {
  return MulMatLauncher(stream, call).Run();
}

}  // namespace motley::opencl

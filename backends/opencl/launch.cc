#include "backends/opencl/arguments.h"
#include "backends/opencl/launch_mul_mat.h"
#include "backends/opencl/stream.h"

namespace motley::opencl {
namespace {

int64_t Parts(int64_t values, int64_t per_item) { return (values + per_item - 1) / per_item; }

class Launcher {
 public:
  explicit Launcher(ClStream& stream)
      : stream_(stream),
        programs_(stream.device().programs()),
        group_kernels_(programs_.flavour().kernels == KernelClass::kGroup) {}

  Status operator()(const op::GetRows<Tensor>& c) const {
    if (c.y.rows == 0) return {};
    if (c.table.layout == Layout::kDevice) {
      auto call = Call(TRY(programs_.GetRows(c.table.type)));
      call.At(c.table).Rows(c.ids).Rows(c.y).Int(c.y.cols).Value(c.scale);
      return call.Run(stream_.queue(), Parts(c.y.cols, 32), c.y.rows, Small());
    }
    auto call = Call(TRY(programs_.Core("get_rows_dense")));
    call.Rows(c.table).Rows(c.ids).Rows(c.y).Int(c.y.cols).Value(c.scale);
    return call.Run(stream_.queue(), Parts(c.y.cols, 16), c.y.rows, Small());
  }

  Status operator()(const op::RmsNorm<Tensor>& c) const {
    if (c.x.rows == 0) return {};
    auto call = Call(TRY(programs_.Core("rms_norm")));
    call.Rows(c.x).At(c.weight).Rows(c.y).Int(c.weight.cols).Value(c.eps);
    const int64_t runs = c.x.cols / c.weight.cols;
    return call.Run(stream_.queue(), runs * Share(), c.x.rows, Share());
  }

  Status operator()(const op::MulMat<Tensor>& c) const {
    return c.x.rows == 0 ? Status() : LaunchMulMat(stream_, c);
  }

  Status operator()(const op::Rope<Tensor>& c) const {
    if (c.x.rows == 0) return {};
    const cl_mem turns = TRY(stream_.device().RopeTurns(c.rotated, c.base, c.frequency_scale));
    auto call = Call(TRY(programs_.Core("rope")));
    call.Rows(c.x).Rows(c.positions).At(c.factors ? c.factors : c.positions);
    call.Int(c.factors ? 1 : 0).Buffer(turns).Int(c.rotated / 2).Int(c.x.cols / c.head_dim);
    call.Int(c.head_dim).Int(c.style == RopeStyle::kInterleaved);
    return call.Run(stream_.queue(), c.rotated / 2, c.x.rows, Small());
  }

  Status operator()(const op::StoreKv<Tensor>& c) const {
    if (c.k.rows == 0) return {};
    auto call = Call(TRY(programs_.Core(ForCache("store_kv", c.k_cache))));
    call.Rows(c.k).Rows(c.v).Rows(c.slots).At(c.k_cache).At(c.v_cache);
    call.Int(c.kv_heads).Int(c.head_dim).Int(c.block_tokens);
    return call.Run(stream_.queue(), c.k.cols, c.k.rows, 64);
  }

  Status operator()(const op::Attention<Tensor>& c) const {
    if (c.q.rows == 0) return {};
    auto call = Call(TRY(programs_.Core(ForCache("attention", c.k_cache))));
    call.Rows(c.q).At(c.k_cache).At(c.v_cache).Rows(c.positions).Rows(c.sequences);
    call.Rows(c.block_table).Rows(c.y).Int(c.heads).Int(c.kv_heads).Int(c.head_dim);
    call.Int(c.block_tokens).Int(c.window).Value(c.scale).Int(c.q.rows);
    const int64_t items = group_kernels_ ? c.q.rows : Parts(c.q.rows, 8);
    return call.Run(stream_.queue(), c.heads * Share(), items, Share());
  }

  Status operator()(const op::Add<Tensor>& c) const {
    if (c.y.rows == 0) return {};
    auto call = Call(TRY(programs_.Core("add")));
    call.Rows(c.a).Rows(c.b).Rows(c.y).Int(c.y.cols);
    return call.Run(stream_.queue(), Parts(c.y.cols, 16), c.y.rows, Small());
  }

  Status operator()(const op::Glu<Tensor>& c) const {
    if (c.y.rows == 0) return {};
    auto call = Call(TRY(programs_.Core("glu")));
    call.Rows(c.gate).Rows(c.up).Rows(c.y).Int(c.y.cols);
    call.Int(c.activation == Activation::kGeluTanh);
    return call.Run(stream_.queue(), Parts(c.y.cols, 16), c.y.rows, Small());
  }

 private:
  Arguments Call(cl_kernel kernel) const { return {stream_.device().api(), kernel}; }
  // One size of group per kernel: PoCL compiles a kernel anew for each.
  int64_t Small() const { return group_kernels_ ? 64 : 8; }
  // Items that share a head or a run.
  int64_t Share() const { return group_kernels_ ? 64 : 1; }
  static std::string ForCache(const std::string& name, const Tensor& cache) {
    return name + (cache.type == TensorType::kF16 ? "_f16" : "_f32");
  }

  ClStream& stream_;
  Programs& programs_;
  bool group_kernels_;
};

}  // namespace

Status LaunchCall(ClStream& stream, const OpCall& call) {
  return std::visit(Launcher(stream), call);
}

}  // namespace motley::opencl

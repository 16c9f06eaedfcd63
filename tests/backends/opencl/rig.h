#pragma once
// The first OpenCL device, opened, with a stream and what the tests move to and from it. One
// thread.

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <vector>

#include "backends/opencl/opencl.h"
#include "tests/kernels/random_weights.h"

namespace motley {

class Rig {
 public:
  // `kernels`: "item" or "group"; `level`: MOTLEY_KERNELS. Null device() when the machine has none.
  explicit Rig(const char* kernels, const char* level = "auto") {
    setenv("MOTLEY_OPENCL_KERNELS", kernels, 1);
    setenv("MOTLEY_KERNELS", level, 1);
    backend_ = MakeOpenClBackend();
    const auto devices = backend_->Enumerate();
    if (!devices.ok() || devices->empty()) return;
    auto device = backend_->Open(devices->front().id, {});
    if (!device.ok()) {
      ADD_FAILURE() << device.error().message;
      return;
    }
    device_ = device.ReleaseValue();
    stream_ = device_->NewStream().ReleaseValue();
  }

  Device* device() { return device_.get(); }
  Stream& stream() { return *stream_; }

  // The same operand on the device, of a dense host tensor.
  Tensor Upload(const Tensor& host) {
    const auto bytes =
        static_cast<size_t>(host.rows * RowBytes(host.type, host.stride)) + size_t{host.offset > 0};
    auto buffer = device_->Allocate(bytes + 64).ReleaseValue();
    const auto* from = static_cast<const std::byte*>(host.handle);
    EXPECT_TRUE(stream_->CopyIn({from, bytes}, *buffer, 0).ok());
    Tensor t = host;
    t.handle = buffer->handle();
    buffers_.push_back(std::move(buffer));
    return t;
  }

  // Everything under a dense operand, gaps between rows included, into a host tensor of the same
  // shape.
  void Download(const Tensor& from, Tensor& host) {
    for (auto& buffer : buffers_) {
      if (buffer->handle() != from.handle) continue;
      const auto bytes = static_cast<size_t>(host.rows * RowBytes(host.type, host.stride));
      const Status status =
          stream_->CopyOut(*buffer, 0, {static_cast<std::byte*>(host.handle), bytes});
      EXPECT_TRUE(status.ok()) << status.error().message;
    }
  }

  Tensor Load(TensorType type, int64_t rows, int64_t cols, const std::vector<uint8_t>& file,
              WeightUse use = WeightUse::kMatrix) {
    const int64_t row_bytes = RowBytes(type, cols);
    auto weight = device_->LoadWeight({"w", type, rows, cols, use},
                                      [&](int64_t first, int64_t count, MutableBytes out) {
                                        std::memcpy(out.data(), file.data() + first * row_bytes,
                                                    static_cast<size_t>(count * row_bytes));
                                        return Status();
                                      });
    if (!weight.ok()) {
      ADD_FAILURE() << weight.error().message;
      return {};
    }
    buffers_.push_back(std::move(weight->buffer));
    return weight->tensor;
  }

  void Launch(const OpCall& call) {
    const Status launched = stream_->Launch(call);
    ASSERT_TRUE(launched.ok()) << launched.error().message;
    const Status done = stream_->Sync();
    ASSERT_TRUE(done.ok()) << done.error().message;
  }

 private:
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<Stream> stream_;
  std::vector<std::unique_ptr<Buffer>> buffers_;
};

// A test on both classes of kernels.
class ClKernels : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    rig = std::make_unique<Rig>(GetParam());
    if (!rig->device()) GTEST_SKIP() << "no OpenCL device";
  }
  bool group() const { return GetParam()[0] == 'g'; }
  std::unique_ptr<Rig> rig;
};

}  // namespace motley

#include "client/proto/wire.h"

#include <utility>

namespace motley::rpc {
namespace {

constexpr size_t kNumberBytes = 8;

constexpr std::pair<Code, v1::Failure::Code> kCodes[] = {
    {Code::kInvalidArgument, v1::Failure::INVALID_ARGUMENT},
    {Code::kNotFound, v1::Failure::NOT_FOUND},
    {Code::kUnsupported, v1::Failure::UNSUPPORTED},
    {Code::kOutOfMemory, v1::Failure::OUT_OF_MEMORY},
    {Code::kDeviceLost, v1::Failure::DEVICE_LOST},
    {Code::kUnavailable, v1::Failure::UNAVAILABLE},
    {Code::kCancelled, v1::Failure::CANCELLED},
    {Code::kInternal, v1::Failure::INTERNAL},
};

}  // namespace

std::string NumberFrame(uint64_t number) {
  std::string frame(kNumberBytes, '\0');
  for (size_t i = 0; i < kNumberBytes; ++i) frame[i] = static_cast<char>(number >> (8 * i) & 0xff);
  return frame;
}

std::optional<uint64_t> ParseNumber(std::string_view frame) {
  if (frame.size() != kNumberBytes) return std::nullopt;
  uint64_t number = 0;
  for (size_t i = 0; i < kNumberBytes; ++i) {
    number |= uint64_t{static_cast<unsigned char>(frame[i])} << (8 * i);
  }
  return number;
}

v1::Failure ToFailure(const Error& error) {
  v1::Failure failure;
  for (const auto& [code, on_wire] : kCodes) {
    if (code == error.code) failure.set_code(on_wire);
  }
  failure.set_message(error.message);
  failure.set_field(error.field);
  failure.set_remedy(error.remedy);
  return failure;
}

Error FromFailure(const v1::Failure& failure) {
  Error error{Code::kInternal, failure.message(), failure.field(), failure.remedy()};
  for (const auto& [code, on_wire] : kCodes) {
    if (on_wire == failure.code()) error.code = code;
  }
  return error;
}

}  // namespace motley::rpc

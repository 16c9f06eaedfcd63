#pragma once
// Result<T>: a value or an Error. Every fallible function of Motley returns one; nothing throws
// across a folder's border. Values are owned by the Result; any thread may use its own Result.
//
//   Result<int> Half(int n) {
//     if (n % 2) return Error::Invalid("n", "n is 3, must be even");
//     return n / 2;
//   }
//   Result<int> Quarter(int n) { return Half(TRY(Half(n))); }

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace motley {

// Mapped once to HTTP status (daemon/http), to exit codes (client/cli) and to protobuf
// (client/proto).
enum class Code {
  kInvalidArgument,
  kNotFound,
  kUnsupported,
  kOutOfMemory,
  kDeviceLost,
  kUnavailable,
  kCancelled,
  kInternal,
};

// "InvalidArgument", "NotFound", ...
const char* CodeName(Code code);

// What went wrong, with numbers; which input named it; what to do about it.
struct Error {
  Code code = Code::kInternal;
  std::string message;      // cause and numbers: "needs 36.9 GiB, 31.5 free on nv0"
  std::string field = {};   // the input at fault ("general.alignment", "top_p"), or empty
  std::string remedy = {};  // what the reader can do, or empty
  std::optional<uint64_t> offset = {};  // byte offset in the file at fault

  static Error Invalid(std::string field, std::string message) {
    return {Code::kInvalidArgument, std::move(message), std::move(field)};
  }
  static Error NotFound(std::string message) { return {Code::kNotFound, std::move(message)}; }
  static Error Unsupported(std::string message) { return {Code::kUnsupported, std::move(message)}; }
  static Error Unavailable(std::string message) { return {Code::kUnavailable, std::move(message)}; }
  static Error DeviceLost(std::string message) { return {Code::kDeviceLost, std::move(message)}; }
  static Error Internal(std::string message) { return {Code::kInternal, std::move(message)}; }

  // Sets the remedy: `return Error::NotFound("...").Fix("run scripts/models")`.
  Error Fix(std::string what) && {
    remedy = std::move(what);
    return std::move(*this);
  }
  Error At(uint64_t where) && {
    offset = where;
    return std::move(*this);
  }
};

// The errno value as an Error: "cannot open x.gguf: No such file or directory". ENOENT is NotFound,
// ENOMEM OutOfMemory, everything else Internal.
Error ErrnoError(std::string what, int error_number);

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  const Error& error() const { return std::get<1>(state_); }

  T ReleaseValue() { return std::get<0>(std::move(state_)); }
  Error ReleaseError() { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const { return *error_; }

  void ReleaseValue() {}
  Error ReleaseError() { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace motley

// The value of a Result, or returns its error from the enclosing function.
#define TRY(expression)                        \
  __extension__({                              \
    auto motley_try_result = (expression);     \
    if (!motley_try_result.ok()) [[unlikely]]  \
      return motley_try_result.ReleaseError(); \
    motley_try_result.ReleaseValue();          \
  })

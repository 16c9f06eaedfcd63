#include "backends/opencl/driver/programs.h"

#include <cstring>
#include <filesystem>
#include <string_view>
#include <vector>

#include "backends/opencl/driver/hash.h"
#include "base/log.h"
#include "base/os.h"

namespace motley::opencl {
namespace {

// A cache file: this header, then the driver's binary. It is used only when both numbers are right.
struct CacheHeader {
  char magic[8];
  uint64_t key;       // device, driver, options and source
  uint64_t contents;  // Hash of the binary
};
constexpr char kMagic[8] = {'M', 'O', 'T', 'L', 'E', 'Y', 'C', 'L'};
constexpr uint64_t kCacheLimit = 256 << 20;
constexpr size_t kLogLimit = 4000;

}  // namespace

Programs::Programs(const Api& api, cl_context context, const Found& found, Flavour flavour,
                   std::string folder)
    : api_(api),
      context_(context),
      device_(found.device),
      flavour_(flavour),
      identity_(found.info.driver_name + '\n' + found.info.driver_version + '\n' + found.info.name),
      options_("-cl-std=CL1.2"),
      folder_(std::move(folder)) {
  options_ += found.fuses ? " -DMOTLEY_FMA=1" : " -DMOTLEY_FMA=0";
  if (found.exact_division) options_ += " -cl-fp32-correctly-rounded-divide-sqrt";
}

Result<cl_kernel> Programs::Core(const std::string& name) {
  return Get("core", name, [&] { return CoreSource(flavour_); });
}

Result<cl_kernel> Programs::MulMat(TensorType weight, int rows) {
  return Get("mul_mat " + std::string(Traits(weight).name), "mul_mat_" + std::to_string(rows),
             [&] { return MulMatSource(weight, flavour_); });
}

Result<cl_kernel> Programs::GetRows(TensorType table) {
  return Get("get_rows " + std::string(Traits(table).name), "get_rows",
             [&] { return GetRowsSource(table, flavour_); });
}

template <class Source>
Result<cl_kernel> Programs::Get(const std::string& program, const std::string& kernel,
                                Source&& source) {
  auto found = built_.find(program);
  if (found == built_.end()) {
    Built built{TRY(Build(source())), {}};
    found = built_.emplace(program, std::move(built)).first;
  }
  Built& built = found->second;
  if (const auto known = built.kernels.find(kernel); known != built.kernels.end()) {
    return known->second.get();
  }
  cl_int error = 0;
  Kernel made(api_, api_.CreateKernel(built.program.get(), kernel.c_str(), &error));
  TRY(Check(error, ("clCreateKernel " + kernel).c_str()));
  return built.kernels.emplace(kernel, std::move(made)).first->second.get();
}

Result<Program> Programs::Build(const std::string& source) {
  if (folder_.empty()) {
    ++compiled_;
    return FromSource(source);
  }
  const uint64_t key = Hash(identity_ + '\n' + options_ + '\n' + source);
  const std::string path = folder_ + "/" + Hex(key) + ".bin";
  if (Result<Program> program = FromCache(path, key); program.ok()) {
    ++cached_;
    return program;
  }
  Program program = TRY(FromSource(source));
  ++compiled_;
  WriteCache(path, key, program.get());
  return program;
}

Result<Program> Programs::FromCache(const std::string& path, uint64_t key) {
  const std::string file = TRY(ReadFile(path, kCacheLimit));
  CacheHeader header;
  if (file.size() <= sizeof header) return Error::Unavailable("cut short");
  std::memcpy(&header, file.data(), sizeof header);
  const std::string_view binary = std::string_view(file).substr(sizeof header);
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0 || header.key != key ||
      header.contents != Hash(binary)) {
    LogWarning("opencl: " + path + " is damaged; compiling again");
    return Error::Unavailable("damaged");
  }
  const auto* bytes = reinterpret_cast<const unsigned char*>(binary.data());
  const size_t size = binary.size();
  cl_int status = 0, error = 0;
  Program program(
      api_, api_.CreateProgramWithBinary(context_, 1, &device_, &size, &bytes, &status, &error));
  TRY(Check(error, "clCreateProgramWithBinary"));
  TRY(Check(status, "clCreateProgramWithBinary"));
  TRY(Compile(program.get()));
  return program;
}

Result<Program> Programs::FromSource(const std::string& source) {
  const char* text = source.data();
  const size_t size = source.size();
  cl_int error = 0;
  Program program(api_, api_.CreateProgramWithSource(context_, 1, &text, &size, &error));
  TRY(Check(error, "clCreateProgramWithSource"));
  TRY(Compile(program.get()));
  return program;
}

Status Programs::Compile(cl_program program) {
  const cl_int error = api_.BuildProgram(program, 1, &device_, options_.c_str(), nullptr, nullptr);
  if (error == CL_SUCCESS) return {};
  size_t size = 0;
  api_.GetProgramBuildInfo(program, device_, CL_PROGRAM_BUILD_LOG, 0, nullptr, &size);
  std::string log(size, '\0');
  api_.GetProgramBuildInfo(program, device_, CL_PROGRAM_BUILD_LOG, size, log.data(), nullptr);
  log.resize(std::min(std::strlen(log.c_str()), kLogLimit));
  Error failure = ToError(error, "the device's compiler refused our kernels", Phase::kSetUp);
  failure.message += "\n" + log;
  return failure;
}

// Best effort: without a cache the next start compiles again.
void Programs::WriteCache(const std::string& path, uint64_t key, cl_program program) {
  size_t size = 0;
  if (api_.GetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof size, &size, nullptr) !=
          CL_SUCCESS ||
      size == 0) {
    return;
  }
  std::string binary(size, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(binary.data());
  if (api_.GetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof bytes, &bytes, nullptr) !=
      CL_SUCCESS) {
    return;
  }
  CacheHeader header;
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.key = key;
  header.contents = Hash(binary);
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  const std::string head(reinterpret_cast<const char*>(&header), sizeof header);
  if (Status written = WriteFileAtomically(path, head + binary); !written.ok()) {
    LogDebug("opencl: no cache: " + written.error().message);
  }
}

}  // namespace motley::opencl

#include <dlfcn.h>

#include <algorithm>
#include <filesystem>

#include "backends/backend.h"
#include "base/os.h"

namespace motley {
namespace {

constexpr std::string_view kPrefix = "libmotley-backend-";
constexpr std::string_view kSuffix = ".so";

std::vector<std::string> PluginFolders() {
  return {ProgramFolder(), ProgramFolder() + "/../lib/motley"};
}

Result<std::string> FindPlugin(const std::string& name_or_path) {
  std::error_code ignored;
  if (name_or_path.find('/') != std::string::npos) return name_or_path;
  for (const std::string& folder : PluginFolders()) {
    const std::string path =
        folder + "/" + std::string(kPrefix) + name_or_path + std::string(kSuffix);
    if (std::filesystem::exists(path, ignored)) return path;
  }
  return Error::NotFound("no backend " + name_or_path + " in " + PluginFolders()[0] + " or " +
                         PluginFolders()[1])
      .Fix("motley devices lists the backends of this installation");
}

}  // namespace

Result<std::unique_ptr<Backend>> LoadBackend(const std::string& name_or_path) {
  const std::string path = TRY(FindPlugin(name_or_path));
  // Never closed: objects made by the plug-in, and threads of its vendor library, may outlive the
  // Backend.
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) return Error::Unsupported("cannot load " + path + ": " + dlerror());
  const auto* entry = static_cast<const BackendEntry*>(dlsym(library, "motley_backend"));
  if (!entry) return Error::Unsupported(path + " is no Motley backend: it has no motley_backend");
  if (entry->abi != kBackendAbi) {
    return Error::Unsupported(path + " speaks backend ABI " + std::to_string(entry->abi) +
                              ", this program " + std::to_string(kBackendAbi))
        .Fix("rebuild the plug-in against this version");
  }
  std::unique_ptr<Backend> backend(entry->create ? entry->create() : nullptr);
  if (!backend) return Error::Internal(path + " made no backend");
  return backend;
}

std::vector<std::string> ListBackends() {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const std::string& folder : PluginFolders()) {
    for (const auto& file : std::filesystem::directory_iterator(folder, ignored)) {
      const std::string name = file.path().filename().string();
      if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) continue;
      names.push_back(name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size()));
    }
  }
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  return names;
}

}  // namespace motley

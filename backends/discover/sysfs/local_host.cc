#include "backends/discover/sysfs/local_host.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <sstream>

#include "backends/discover/sysfs/tree.h"

namespace motley {
namespace {

// Folder and pattern of the nodes that the drivers make.
constexpr std::pair<const char*, const char*> kNodes[] = {
    {"dev", "nvidia[0-9]*"}, {"dev", "nvidiactl"},    {"dev", "nvidia-uvm"},    {"dev", "kfd"},
    {"dev/dri", "card*"},    {"dev/dri", "renderD*"}, {"dev/accel", "accel*"},  {"dev", "xclmgmt*"},
    {"dev/xfpga", "*"},      {"dev", "hl[0-9]*"},     {"dev/tenstorrent", "*"}, {"dev", "dxg"},
};
constexpr const char* kLibraries[] = {
    "libcuda.so*",          "libnvidia-ml.so*",    "libnvidia-opencl.so*", "libamdhip64.so*",
    "libhsa-runtime64.so*", "libamdocl64.so*",     "libOpenCL.so*",        "libigdrcl.so*",
    "libze_loader.so*",     "libze_intel_gpu.so*", "libxrt_core.so*",      "libxrt_coreutil.so*",
    "libSynapse.so*",       "libpocl.so*",         "libMesaOpenCL.so*",    "libRusticlOpenCL.so*",
};
constexpr const char* kFolders[] = {
    "lib",
    "usr/lib",
    "lib64",
    "usr/lib64",
    "usr/local/lib",
    "usr/local/lib64",
    "opt/rocm/lib",
    "opt/xilinx/xrt/lib",
    "usr/local/cuda/lib64",
    "usr/lib/wsl/lib",
    "usr/lib/intel-opencl",
};
constexpr const char* kTuples[] = {"x86_64-linux-gnu", "aarch64-linux-gnu",
                                   "powerpc64le-linux-gnu"};

std::string UserName() {
  passwd entry{}, *found = nullptr;
  std::vector<char> buffer(1 << 14);
  if (getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
    return found->pw_name;
  return std::to_string(geteuid());
}

std::string GroupName(gid_t id) {
  group entry{}, *found = nullptr;
  std::vector<char> buffer(1 << 14);
  if (getgrgid_r(id, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
    return found->gr_name;
  return std::to_string(id);
}

void ReadNodes(const Tree& tree, std::vector<DeviceNode>& nodes) {
  for (const auto& [folder, pattern] : kNodes) {
    for (const std::string& name : tree.List(folder)) {
      const std::string path = std::string("/") + folder + "/" + name;
      struct stat status = {};
      if (fnmatch(pattern, name.c_str(), 0) != 0 || stat(path.c_str(), &status) != 0 ||
          S_ISDIR(status.st_mode))
        continue;
      const bool accessible = faccessat(AT_FDCWD, path.c_str(), R_OK | W_OK, AT_EACCESS) == 0;
      nodes.push_back({path, GroupName(status.st_gid), accessible});
    }
  }
}

// Where the loader looks: the usual folders, those of ld.so.conf.d and of the environment.
std::set<std::string> LoaderFolders(const Tree& tree) {
  std::set<std::string> folders(std::begin(kFolders), std::end(kFolders));
  for (const char* tuple : kTuples)
    folders.insert({std::string("usr/lib/") + tuple, std::string("usr/local/lib/") + tuple});
  const auto add = [&](const std::string& text, char separator) {
    std::istringstream words(text);
    for (std::string word; std::getline(words, word, separator);)
      if (word.starts_with('/')) folders.insert(std::string(Trimmed(word.substr(1))));
  };
  for (const std::string& name : tree.List("etc/ld.so.conf.d"))
    add(tree.Text("etc/ld.so.conf.d/" + name), '\n');
  if (const char* path = std::getenv("LD_LIBRARY_PATH")) add(path, ':');
  return folders;
}

void ReadLibraries(const Tree& tree, std::vector<std::string>& libraries) {
  std::set<std::string> seen, found;
  for (const std::string& folder : LoaderFolders(tree)) {
    const std::string real = tree.Resolve(folder);  // /lib is a link to /usr/lib
    if (real.empty() || !seen.insert(real).second) continue;
    for (const std::string& name : tree.List(real))
      for (const char* pattern : kLibraries)
        if (fnmatch(pattern, name.c_str(), 0) == 0) found.insert("/" + real + "/" + name);
  }
  for (const std::string& name : tree.List("etc/OpenCL/vendors"))
    if (name.ends_with(".icd")) found.insert("/etc/OpenCL/vendors/" + name);
  libraries.assign(found.begin(), found.end());
}

}  // namespace

void ReadLocalHost(MachineFacts& facts) {
  const Tree tree("");
  ReadNodes(tree, facts.nodes);
  ReadLibraries(tree, facts.libraries);
  facts.user = UserName();
}

}  // namespace motley

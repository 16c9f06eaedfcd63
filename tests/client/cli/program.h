#pragma once
// The program `motley`, run to its end with what it said.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/os.h"

namespace motley {

struct Said {
  int status = -1;  // 128 + signal
  std::string out, err;
};

// A fresh folder, removed at the end.
class TestFolder {
 public:
  TestFolder() {
    path_ = testing::TempDir() + "motley-cli-XXXXXX";
    if (mkdtemp(path_.data()) == nullptr) ADD_FAILURE() << "cannot make " << path_;
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline std::string Contents(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Shared by all runs, so that the devices are measured once.
inline std::string StateOfTests() {
  return testing::TempDir() + "motley-cli-state-" + std::to_string(getuid());
}

// `motley` with these arguments and this on its standard input; files in `folder`.
inline Child StartProgram(const TestFolder& folder, std::vector<std::string> arguments,
                          const std::string& input = "") {
  std::ofstream(folder / "in") << input;
  const Fd in(open((folder / "in").c_str(), O_RDONLY | O_CLOEXEC));
  const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
  const Fd out(open((folder / "out").c_str(), flags, 0600));
  const Fd err(open((folder / "err").c_str(), flags, 0600));
  arguments.insert(arguments.begin(), MOTLEY_PROGRAM);
  SpawnOptions options{
      .arguments = std::move(arguments),
      .fds = {{in.get(), 0}, {out.get(), 1}, {err.get(), 2}},
      .environment = {{"MOTLEY_STATE", StateOfTests()}, {"MOTLEY_HOST", "127.0.0.1:1"}}};
  return Spawn(options).ReleaseValue();
}

inline Said Finish(const TestFolder& folder, Child& child) {
  const auto status = child.Wait(200'000);
  if (!status.ok()) return {-1, "", status.error().message};
  const int code = WIFEXITED(*status) ? WEXITSTATUS(*status) : 128 + WTERMSIG(*status);
  return {code, Contents(folder / "out"), Contents(folder / "err")};
}

inline Said RunProgram(const std::vector<std::string>& arguments, const std::string& input = "") {
  const TestFolder folder;
  Child child = StartProgram(folder, arguments, input);
  return Finish(folder, child);
}

}  // namespace motley

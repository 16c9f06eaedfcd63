#pragma once
// A motleyd of one command's own: started in a fresh folder that nobody else can enter, ended and
// removed with the object, and ended by the kernel where the command is killed. One thread.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/os.h"
#include "base/result.h"
#include "client/client.h"

namespace motley {

class PrivateDaemon {
 public:
  // `arguments` of motleyd: the model and where it goes.
  static Result<std::unique_ptr<PrivateDaemon>> Start(const std::vector<std::string>& arguments);
  ~PrivateDaemon();

  // Returns once the model is served. `progress` sees what is being done and how much of it, 0 to
  // 1; it returns false to give up, which is Cancelled. Errors: why the daemon ended, in its own
  // words and with its exit status, which exit_status() then tells.
  Result<client::Client> WaitReady(const std::function<bool(const std::string&, double)>& progress);
  // The error it ended with, if it has ended.
  std::optional<Error> Ended();
  std::optional<int> exit_status() const { return exit_status_; }

 private:
  PrivateDaemon(std::string folder, Child child)
      : folder_(std::move(folder)), child_(std::move(child)) {}
  std::string address() const;
  Error EndedWith(int wait_status) const;
  const std::string folder_;
  Child child_;
  std::optional<int> exit_status_;
};

}  // namespace motley

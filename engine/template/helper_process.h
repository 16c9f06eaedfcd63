#pragma once
// One python3 process that renders one template, and the frames spoken with it over a socket pair
// (fd 3 of the child):
//   to the helper     4 bytes length (little endian), a JSON object: the template's variables
//   from the helper   1 byte kind, 4 bytes length, UTF-8 text. The first frame tells how compiling
//   went.
// The settings (template, seccomp program, limits) travel as JSON in a sealed memfd (fd 4). One
// thread at a time. After any error of these functions the process is of no more use: start
// another. CPU time is limited by the kernel (ITIMER_PROF in the helper), wall time from here: 200
// ms a render, but up to 2 s as long as a busy machine has given the helper less than half of its
// CPU budget.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/os.h"
#include "base/result.h"

namespace motley {

class TemplateRenderer;

// The Python text of the helper (render_helper.py).
extern const char* const kRenderHelper;

struct HelperOptions {
  std::string python = "/usr/bin/python3";
  std::string packages = "/usr/lib/python3/dist-packages";  // where Debian puts jinja2
  std::string script = kRenderHelper;
  uint64_t memory_bytes = 256ull << 20;  // address space
  uint64_t input_bytes = 64ull << 20;    // one request
  uint64_t output_bytes = 16ull << 20;   // one rendered text
  int start_wall_ms = 20000;             // python3, its modules and compiling
  int compile_cpu_ms = 2000;
  int render_wall_ms = 200;
  int starved_wall_ms = 2000;
  int render_cpu_ms = 200;
};

enum class HelperReply : char {
  kReady = 'R',      // compiled
  kText = 'T',       // rendered
  kRefused = 'E',    // raise_exception: the template's message
  kSyntax = 'S',     // "line 3: unexpected '}'"
  kFault = 'F',      // another run-time error of the template
  kLimit = 'L',      // of what: "text", "memory", "nesting"
  kNoPackage = 'M',  // jinja2 cannot be imported
  kNotSealed = 'U',  // the sandbox could not be closed, so nothing was run
};

struct HelperFrame {
  HelperReply kind = HelperReply::kFault;
  std::string text;
};

class HelperProcess {
 public:
  // Returns as soon as the process exists. Unavailable: no python3.
  static Result<HelperProcess> Start(const std::string& source, const HelperOptions& options);

  // False once the process has ended.
  bool alive() const;
  // The first frame. Unavailable: it died or took too long.
  Result<HelperFrame> AwaitFirst();
  // One render; after AwaitFirst gave kReady. Unavailable: it died, hung or talked too much.
  Result<HelperFrame> Exchange(const std::string& variables);

 private:
  struct Deadline {
    int64_t wall_ns, starved_wall_ns;  // of base/clock
    int64_t cpu_ns;                    // CPU time of the helper that counts as having had its turn
    int limit_ms = 0;                  // what the error names
  };
  HelperProcess(Child child, Fd socket, const HelperOptions& options)
      : child_(std::move(child)), socket_(std::move(socket)), options_(options) {}

  int64_t CpuTimeNs() const;
  Status WaitFor(int events, const Deadline& deadline);
  Status Write(const char* data, size_t bytes, const Deadline& deadline);
  Status Read(char* data, size_t bytes, const Deadline& deadline);
  Result<HelperFrame> ReadFrame(const Deadline& deadline);
  Error WhyItEnded();

  Child child_;
  Fd socket_;
  HelperOptions options_;
  int64_t start_deadline_ns_ = 0;
};

// A TemplateRenderer with other limits or another helper than the product's: for tests, which
// starve and break it.
Result<std::unique_ptr<TemplateRenderer>> StartRenderer(const std::string& source,
                                                        const HelperOptions& options);

}  // namespace motley

#include "client/cli/input/prompt_input.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "client/cli/interrupt.h"

namespace motley {
namespace {

constexpr size_t kMostBytes = 8 << 20;  // what a request may have

// Not sockets and devices: under a service manager or a test nothing would ever end them.
bool IsPiped() {
  struct stat info {};
  return fstat(STDIN_FILENO, &info) == 0 && (S_ISFIFO(info.st_mode) || S_ISREG(info.st_mode));
}

Result<std::string> ReadAll() {
  std::string text;
  char buffer[1 << 16];
  while (true) {
    const ssize_t n = read(STDIN_FILENO, buffer, sizeof buffer);
    if (n == 0) return text;
    if (n < 0 && (errno != EINTR || Interrupted())) return ErrnoError("cannot read stdin", errno);
    if (n > 0) text.append(buffer, static_cast<size_t>(n));
    if (text.size() > kMostBytes) return Error::Invalid("prompt", "stdin has more than 8 MiB");
  }
}

}  // namespace

Result<PromptInput> ReadPrompt(const std::string& word) {
  std::string text = word;
  if (IsPiped()) {
    std::string piped = TRY(ReadAll());
    while (!piped.empty() && piped.back() == '\n') piped.pop_back();
    if (!text.empty() && !piped.empty()) text += "\n\n";
    text += piped;
  }
  if (!text.empty()) return PromptInput{PromptSource::kGiven, std::move(text)};
  if (isatty(STDIN_FILENO)) return PromptInput{PromptSource::kTerminal, ""};
  return Error::Invalid("prompt", "there is no prompt").Fix("motley run MODEL.gguf \"a question\"");
}

bool AskLine(std::string& line) {
  line.clear();
  std::fputs("> ", stderr);
  char c = 0;
  while (!Interrupted()) {
    const ssize_t n = read(STDIN_FILENO, &c, 1);
    if (n <= 0) return n < 0 && errno == EINTR && !Interrupted() ? AskLine(line) : false;
    if (c == '\n') return true;
    if (line.size() < kMostBytes) line += c;
  }
  return false;
}

}  // namespace motley

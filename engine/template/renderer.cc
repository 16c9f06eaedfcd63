#include "engine/template/renderer.h"

#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "engine/template/helper_process.h"
#include "engine/template/ordered_json.h"

namespace motley {

const char* const kBuiltInTemplate =
    "{%- for message in messages %}"
    "{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}";

namespace {

std::string LimitReached(const std::string& what, const HelperOptions& options) {
  if (what == "text") {
    return "the chat template wrote more than " + std::to_string(options.output_bytes) + " bytes";
  }
  if (what == "memory") {
    return "the chat template needed more than " + std::to_string(options.memory_bytes >> 20) +
           " MiB of memory";
  }
  return "the chat template nested calls more than 1000 deep";
}

Error ToError(const HelperFrame& frame, const HelperOptions& options) {
  switch (frame.kind) {
    case HelperReply::kRefused:
      return Error::Invalid("messages", frame.text);
    case HelperReply::kFault:
      return Error::Invalid("messages", "the chat template failed: " + frame.text);
    case HelperReply::kSyntax:
      return Error::Invalid("chat_template", "the chat template does not compile: " + frame.text);
    case HelperReply::kLimit:
      return Error::Unavailable(LimitReached(frame.text, options));
    case HelperReply::kNoPackage:
      return Error::Unavailable("chat templates need jinja2: " + frame.text)
          .Fix("apt-get install python3-jinja2");
    case HelperReply::kNotSealed:
      return Error::Unavailable("the template helper's sandbox cannot be set up: " + frame.text);
    case HelperReply::kReady:
    case HelperReply::kText:
      break;
  }
  return Error::Unavailable("the template helper answered out of turn");
}

class HelperRenderer final : public TemplateRenderer {
 public:
  HelperRenderer(std::string source, HelperOptions options, HelperProcess helper)
      : source_(std::move(source)), options_(std::move(options)), helper_(std::move(helper)) {}

  Result<std::string> Render(const nlohmann::ordered_json& variables) override {
    TRY(CheckDepth(variables));
    const std::string text =
        variables.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    const std::lock_guard lock(mutex_);
    TRY(BeReady());
    Result<HelperFrame> frame = helper_->Exchange(text);
    if (!frame.ok()) {
      Replace();
      return frame.ReleaseError();
    }
    if (frame->kind == HelperReply::kText) return std::move(frame->text);
    if (frame->kind == HelperReply::kLimit) Replace();
    return ToError(*frame, options_);
  }

 private:
  // A helper that has compiled the template stands in helper_.
  Status BeReady() {
    if (does_not_compile_) return *does_not_compile_;
    if (!helper_ || (ready_ && !helper_->alive())) TRY(StartHelper());
    if (ready_) return {};
    Result<HelperFrame> frame = helper_->AwaitFirst();
    if (frame.ok() && frame->kind == HelperReply::kReady) {
      ready_ = true;
      return {};
    }
    helper_.reset();
    if (!frame.ok()) return frame.ReleaseError();
    Error error = ToError(*frame, options_);
    if (frame->kind == HelperReply::kSyntax) does_not_compile_ = error;
    return error;
  }

  Status StartHelper() {
    ready_ = false;
    helper_.reset();
    helper_.emplace(TRY(HelperProcess::Start(source_, options_)));
    return {};
  }

  // At once, so that the next render need not wait for it; if that fails the next render reports
  // it.
  void Replace() {
    if (!StartHelper().ok()) helper_.reset();
  }

  const std::string source_;
  const HelperOptions options_;
  std::mutex mutex_;
  std::optional<HelperProcess> helper_;
  bool ready_ = false;
  std::optional<Error> does_not_compile_;
};

}  // namespace

Result<std::unique_ptr<TemplateRenderer>> StartRenderer(const std::string& source,
                                                        const HelperOptions& options) {
  HelperProcess helper = TRY(HelperProcess::Start(source, options));
  return std::unique_ptr<TemplateRenderer>(
      std::make_unique<HelperRenderer>(source, options, std::move(helper)));
}

Result<std::unique_ptr<TemplateRenderer>> TemplateRenderer::Start(const std::string& source) {
  return StartRenderer(source, {});
}

}  // namespace motley

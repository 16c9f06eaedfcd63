#include "daemon/wire/messages.h"

#include <cstring>

namespace motley {
namespace {

constexpr size_t kPrefix = 64;  // the length, and alignment for the floats behind it
constexpr size_t kStepRoom = 64 << 10;

void ToWire(const SamplingParams& from, wire::Sampling* to) {
  to->set_temperature(from.temperature);
  to->set_top_k(from.top_k);
  to->set_top_p(from.top_p);
  to->set_min_p(from.min_p);
  to->set_repetition_penalty(from.repetition_penalty);
  to->set_presence_penalty(from.presence_penalty);
  to->set_frequency_penalty(from.frequency_penalty);
  to->set_seed(from.seed);
  for (const auto& [token, bias] : from.logit_bias) (*to->mutable_logit_bias())[token] = bias;
}

SamplingParams FromWire(const wire::Sampling& from) {
  SamplingParams to;
  to.temperature = from.temperature();
  to.top_k = from.top_k();
  to.top_p = from.top_p();
  to.min_p = from.min_p();
  to.repetition_penalty = from.repetition_penalty();
  to.presence_penalty = from.presence_penalty();
  to.frequency_penalty = from.frequency_penalty();
  to.seed = from.seed();
  to.logit_bias.insert(from.logit_bias().begin(), from.logit_bias().end());
  return to;
}

template <class Repeated>
std::vector<int32_t> Ints(const Repeated& from) {
  return {from.begin(), from.end()};
}

}  // namespace

wire::Failure ToWire(const Error& error) {
  wire::Failure out;
  out.set_code(static_cast<int>(error.code));
  out.set_message(error.message);
  out.set_field(error.field);
  out.set_remedy(error.remedy);
  return out;
}

Error FromWire(const wire::Failure& failure) {
  const bool known = failure.code() >= 0 && failure.code() <= static_cast<int>(Code::kInternal);
  return {known ? static_cast<Code>(failure.code()) : Code::kInternal, failure.message(),
          failure.field(), failure.remedy()};
}

wire::Step ToWire(const Batch& batch) {
  wire::Step step;
  step.set_step(batch.step);
  for (const BatchSequence& from : batch.sequences) {
    wire::Sequence* to = step.add_sequences();
    to->set_request(from.request);
    to->mutable_blocks()->Add(from.blocks.begin(), from.blocks.end());
    ToWire(from.sampling, to->mutable_sampling());
    to->mutable_end_tokens()->Add(from.end_tokens.begin(), from.end_tokens.end());
    to->mutable_prompt()->Add(from.prompt.begin(), from.prompt.end());
    to->mutable_generated()->Add(from.generated.begin(), from.generated.end());
  }
  for (const BatchRow& row : batch.rows) {
    step.add_tokens(row.token);
    step.add_positions(row.position);
    step.add_row_sequences(row.sequence);
  }
  for (const BatchOutput& from : batch.outputs) {
    wire::Output* to = step.add_outputs();
    to->set_row(from.row);
    to->set_sample(from.sample);
    to->set_target(from.target);
    to->set_logprobs(from.logprobs);
    to->set_suppress_end(from.suppress_end);
  }
  return step;
}

Batch BatchFromWire(const wire::Step& step) {
  Batch batch;
  batch.step = step.step();
  for (const wire::Sequence& from : step.sequences()) {
    batch.sequences.push_back({from.request(), Ints(from.blocks()), FromWire(from.sampling()),
                               Ints(from.end_tokens()), Ints(from.prompt()),
                               Ints(from.generated())});
  }
  const int rows = std::min({step.tokens_size(), step.positions_size(), step.row_sequences_size()});
  for (int i = 0; i < rows; ++i) {
    batch.rows.push_back({step.tokens(i), step.positions(i), step.row_sequences(i)});
  }
  for (const wire::Output& from : step.outputs()) {
    batch.outputs.push_back(
        {from.row(), from.sample(), from.target(), from.logprobs(), from.suppress_end()});
  }
  return batch;
}

void AddResults(const std::vector<TokenLogprob>& results, wire::Step* step) {
  for (const TokenLogprob& from : results) {
    wire::Token* to = step->add_results();
    to->set_token(from.token);
    to->set_logprob(from.logprob);
    for (const auto& [token, logprob] : from.top) {
      to->add_top_tokens(token);
      to->add_top_logprobs(logprob);
    }
  }
}

Done DoneFromWire(const wire::Step& step) {
  Done done;
  for (const wire::Token& from : step.results()) {
    TokenLogprob& to = done.outputs.emplace_back();
    to.token = from.token();
    to.logprob = from.logprob();
    const int tops = std::min(from.top_tokens_size(), from.top_logprobs_size());
    for (int i = 0; i < tops; ++i) to.top.emplace_back(from.top_tokens(i), from.top_logprobs(i));
  }
  for (const wire::StageTime& s : step.stages()) {
    done.stages.push_back({s.device(), s.first_item(), s.last_item(), s.ms()});
  }
  return done;
}

size_t MaxFrameBytes(int max_rows, int max_sequences, int kv_blocks, int hidden) {
  const auto rows = static_cast<size_t>(max_rows), sequences = static_cast<size_t>(max_sequences);
  // A row: three varints and, when its log-probabilities are asked for, 21 tokens of 11 bytes. A
  // sequence: its blocks, its history (penalties: every token it can have) and up to 1,024 biases.
  const size_t step = kStepRoom + rows * 512 +
                      sequences * (static_cast<size_t>(kv_blocks) * 8 + 24'000) +
                      static_cast<size_t>(kv_blocks) * 256;
  return kPrefix + rows * static_cast<size_t>(hidden) * sizeof(float) + step;
}

FrameWriter::FrameWriter(RingWriter& ring, std::span<std::byte> frame, size_t hidden_values)
    : ring_(&ring),
      frame_(frame),
      hidden_(reinterpret_cast<float*>(frame.data() + kPrefix), hidden_values) {}

Result<FrameWriter> FrameWriter::Reserve(RingWriter& ring, size_t hidden_values,
                                         int64_t timeout_us) {
  const size_t hidden_bytes = hidden_values * sizeof(float);
  if (hidden_bytes > ring.max_frame() - kPrefix) {
    return Error::Invalid(
        "frame", "a hidden state of " + FormatBytes(hidden_bytes) + " does not fit the ring");
  }
  return FrameWriter(ring, TRY(ring.Reserve(ring.max_frame(), timeout_us)), hidden_values);
}

Status FrameWriter::Commit(const wire::Step& step) {
  const size_t bytes = step.ByteSizeLong(), at = kPrefix + hidden_.size_bytes();
  if (at + bytes > frame_.size()) {
    return Error::Invalid("step", "a step of " + FormatBytes(bytes) +
                                      " does not fit the ring's frame of " +
                                      FormatBytes(frame_.size()));
  }
  const uint64_t length = bytes;
  std::memcpy(frame_.data(), &length, sizeof length);
  step.SerializeWithCachedSizesToArray(reinterpret_cast<uint8_t*>(frame_.data() + at));
  ring_->Commit(at + bytes);
  return {};
}

Result<StepFrame> DecodeFrame(std::span<const std::byte> frame) {
  if (frame.size() < kPrefix) return Error::Invalid("frame", "too short");
  const auto bytes = LoadUnaligned<uint64_t>(frame.data());
  if (bytes > frame.size() - kPrefix) return Error::Invalid("frame", "longer inside than outside");
  const size_t hidden_bytes = frame.size() - kPrefix - bytes;
  if (hidden_bytes % sizeof(float) != 0) return Error::Invalid("frame", "half a float");
  StepFrame out;
  if (!out.step.ParseFromArray(frame.data() + kPrefix + hidden_bytes, static_cast<int>(bytes))) {
    return Error::Invalid("frame", "no step in it");
  }
  out.hidden = {reinterpret_cast<const float*>(frame.data() + kPrefix),
                hidden_bytes / sizeof(float)};
  return out;
}

Status SendControl(const Fd& socket, const google::protobuf::MessageLite& message,
                   const std::vector<int>& fds) {
  const std::string bytes = message.SerializeAsString();
  return SendMessage(socket, std::as_bytes(std::span(bytes)), fds);
}

}  // namespace motley

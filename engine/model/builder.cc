#include "engine/model/builder.h"

#include <algorithm>

namespace motley {
namespace {

// A weight that both the embedding and the head use is stored once.
WeightUse Combined(WeightUse a, WeightUse b) { return a == b ? a : WeightUse::kMatrixAndRows; }

}  // namespace

GraphBuilder::GraphBuilder(const Manifest& manifest, HyperParameters hyper) : manifest_(manifest) {
  graph_.hyper = std::move(hyper);
  Hidden();
}

std::string GraphBuilder::Prefixed(const std::string& name) const {
  return "blk." + std::to_string(layer()) + "." + name;
}

Ref GraphBuilder::Find(const std::string& name, WeightUse use, Need need) {
  const auto known = std::ranges::find(graph_.weights, name, &WeightSpec::name);
  const int index = static_cast<int>(known - graph_.weights.begin());
  if (known != graph_.weights.end()) {
    known->use = Combined(known->use, use);
    return {Ref::Kind::kWeight, index};
  }
  const TensorEntry* tensor = manifest_.FindTensor(name);
  if (!tensor) {
    if (need == kNeeded && missing_.empty()) missing_ = name;
    return {};
  }
  graph_.weights.push_back({name, tensor->type, tensor->rows(), tensor->cols(), use});
  return {Ref::Kind::kWeight, index};
}

Ref GraphBuilder::Value(const std::string& name, int cols, Rows rows) {
  const auto known = std::ranges::find(graph_.values, name, &ValueSpec::name);
  const int index = static_cast<int>(known - graph_.values.begin());
  if (known == graph_.values.end()) graph_.values.push_back({name, cols, rows});
  return {Ref::Kind::kValue, index};
}

Ref GraphBuilder::Norm(Ref x, Ref weight, const std::string& to, int cols, Rows rows) {
  const Ref y = Value(to, cols, rows);
  Emit(op::RmsNorm<Ref>{x, weight, y, hyper().norm_eps});
  return y;
}

void GraphBuilder::NormInPlace(Ref x, Ref weight) {
  Emit(op::RmsNorm<Ref>{x, weight, x, hyper().norm_eps});
}

Ref GraphBuilder::Project(Ref x, Ref weight, Ref bias, const std::string& to, int cols, Rows rows) {
  const Ref y = Value(to, cols, rows);
  Emit(op::MulMat<Ref>{x, {{{weight, bias, y}}}, 1});
  return y;
}

void GraphBuilder::AddToHidden(Ref x) { Emit(op::Add<Ref>{Hidden(), x, Hidden()}); }

void GraphBuilder::Rotate(Ref x, const Rotary& rotary) {
  op::Rope<Ref> rope{x, In(Input::kPositions), rotary.factors};
  rope.head_dim = hyper().head_dim;
  rope.rotated = hyper().rotated;
  rope.base = rotary.base;
  rope.frequency_scale = rotary.frequency_scale;
  rope.style = rotary.style;
  Emit(rope);
}

Ref GraphBuilder::Attend(Ref q, Ref k, Ref v, float scale, int window) {
  const HyperParameters& h = hyper();
  const Ref keys{Ref::Kind::kKeys, layer()}, values{Ref::Kind::kValues, layer()};
  op::StoreKv<Ref> store{k, v, In(Input::kSlots), keys, values};
  store.kv_heads = h.kv_heads;
  store.head_dim = h.head_dim;
  Emit(store);
  const Ref y = Value("attention", h.q_cols());
  op::Attention<Ref> attention{
      q, keys, values, In(Input::kPositions), In(Input::kSequences), In(Input::kBlockTable), y};
  attention.heads = h.heads;
  attention.kv_heads = h.kv_heads;
  attention.head_dim = h.head_dim;
  attention.window = window;
  attention.scale = scale;
  Emit(attention);
  return y;
}

Ref GraphBuilder::GatedFeedForward(Ref x, Activation activation) {
  const int cols = hyper().feed_forward;
  const Ref gate = Value("gate", cols), up = Value("up", cols);
  op::MulMat<Ref> both{x, {}, 2};
  both.products[0] = {LayerMatrix("ffn_gate.weight"), {}, gate};
  both.products[1] = {LayerMatrix("ffn_up.weight"), {}, up};
  Emit(both);
  Emit(op::Glu<Ref>{gate, up, gate, activation});
  return Project(gate, LayerMatrix("ffn_down.weight"), {}, "projected", hyper().hidden);
}

void GraphBuilder::Embed(float scale) {
  const Ref table = Global("token_embd.weight", WeightUse::kRows);
  Emit(op::GetRows<Ref>{table, In(Input::kTokens), Hidden(), scale});
}

void GraphBuilder::Head() {
  const HyperParameters& h = hyper();
  const Ref picked = Value("picked", h.hidden, Rows::kOutputs);
  Emit(op::GetRows<Ref>{Hidden(), In(Input::kOutputRows), picked});
  NormInPlace(picked, Global("output_norm.weight", WeightUse::kVector));
  Ref head = OptionalGlobal("output.weight", WeightUse::kMatrix);
  if (!head) head = Global("token_embd.weight", WeightUse::kMatrix);
  const Ref logits = Project(picked, head, {}, "logits", h.vocabulary, Rows::kOutputs);
  graph_.logits = logits.index;
}

Result<ModelGraph> GraphBuilder::Finish() && {
  if (!missing_.empty()) {
    return Error::Invalid(missing_, "the model needs tensor " + missing_ + ", the file has none");
  }
  return std::move(graph_);
}

}  // namespace motley

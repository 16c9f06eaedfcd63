#pragma once
// The words a family's file is written in. Used while building one graph; one thread.

#include <string>

#include "engine/model/graph.h"

namespace motley {

class GraphBuilder {
 public:
  GraphBuilder(const Manifest& manifest, HyperParameters hyper);

  const HyperParameters& hyper() const { return graph_.hyper; }
  const Manifest& manifest() const { return manifest_; }

  // Starts the next item; ops emitted from now on are its.
  void NextItem() { graph_.items.emplace_back(); }
  int layer() const { return static_cast<int>(graph_.items.size()) - 2; }  // of the current item

  // The weight "blk.LAYER.NAME" (or NAME itself for Global). A missing one is None, and an error at
  // Finish when it was needed.
  Ref LayerMatrix(const std::string& name) {
    return Find(Prefixed(name), WeightUse::kMatrix, kNeeded);
  }
  Ref LayerVector(const std::string& name) {
    return Find(Prefixed(name), WeightUse::kVector, kNeeded);
  }
  Ref OptionalLayerVector(const std::string& name) {
    return Find(Prefixed(name), WeightUse::kVector, kOptional);
  }
  Ref Global(const std::string& name, WeightUse use) { return Find(name, use, kNeeded); }
  Ref OptionalGlobal(const std::string& name, WeightUse use) { return Find(name, use, kOptional); }

  // The scratch value of that name: the same for all layers.
  Ref Value(const std::string& name, int cols, Rows rows = Rows::kBatch);
  Ref Hidden() { return Value("hidden", hyper().hidden); }
  static Ref In(Input input) { return {Ref::Kind::kInput, static_cast<int>(input)}; }

  void Emit(SymbolicOp op) { graph_.items.back().push_back(std::move(op)); }

  // What every family of this kind shares.
  Ref Norm(Ref x, Ref weight, const std::string& to, int cols, Rows rows = Rows::kBatch);
  void NormInPlace(Ref x, Ref weight);
  Ref Project(Ref x, Ref weight, Ref bias, const std::string& to, int cols,
              Rows rows = Rows::kBatch);
  void AddToHidden(Ref x);
  struct Rotary {
    float base = 10000.0f;
    float frequency_scale = 1.0f;
    RopeStyle style = RopeStyle::kNeox;
    Ref factors = {};
  };
  void Rotate(Ref x, const Rotary& rotary);
  // Stores k and v and attends; the result is the value "attention".
  Ref Attend(Ref q, Ref k, Ref v, float scale, int window);
  // x -> act(x gate) * (x up) -> down; the result is the value "projected".
  Ref GatedFeedForward(Ref x, Activation activation);
  void Embed(float scale);
  void Head();

  Result<ModelGraph> Finish() &&;

 private:
  enum Need { kNeeded, kOptional };
  std::string Prefixed(const std::string& name) const;
  Ref Find(const std::string& name, WeightUse use, Need need);

  const Manifest& manifest_;
  ModelGraph graph_;
  std::string missing_;  // the first needed weight that is not in the file
};

// The families: engine/model/<architecture>.cc, one line each in families.cc.
void BuildLlama(GraphBuilder& b);
void BuildQwen2(GraphBuilder& b);
void BuildQwen3(GraphBuilder& b);
void BuildGemma3(GraphBuilder& b);

}  // namespace motley

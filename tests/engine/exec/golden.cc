#include "tests/engine/exec/golden.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace motley {

Golden LoadGolden(const std::string& name) {
  std::ifstream file(std::string(MOTLEY_GOLDEN) + "/" + name + ".jsonl");
  Golden out;
  std::string line;
  std::getline(file, line);
  std::ifstream peers(std::string(MOTLEY_GOLDEN) + "/peer.json");
  const auto peer = nlohmann::json::parse(peers)[name];
  out.peer_prompts = peer["prompts"];
  out.peer_chosen = peer["mean_abs_dlogprob_chosen"];
  out.peer_top = peer["mean_abs_dlogprob_top10"];
  out.peer_top1_agree = peer["top1_agree"];
  while (std::getline(file, line)) {
    const auto j = nlohmann::json::parse(line);
    GoldenPrompt& p = out.prompts.emplace_back();
    p.id = j["id"];
    p.tokens = j["tokens"].get<std::vector<int32_t>>();
    p.greedy = j["greedy"].get<std::vector<int32_t>>();
    p.margins = j["margins"].get<std::vector<double>>();
    for (const auto& step : j["top"]) {
      auto& to = p.top.emplace_back();
      for (const auto& entry : step)
        to.emplace_back(entry[0].get<int32_t>(), entry[2].get<double>());
    }
  }
  return out;
}

std::string GoldenModel(const std::string& name) {
  const char* folder = std::getenv("MOTLEY_MODELS");
  if (!folder) return {};
  const std::string file =
      name.rfind("smollm2", 0) == 0 ? "SmolLM2-135M-Instruct.Q4_1.gguf" : name + ".gguf";
  const std::string path = std::string(folder) + "/" + file;
  return std::filesystem::exists(path) ? path : std::string();
}

}  // namespace motley

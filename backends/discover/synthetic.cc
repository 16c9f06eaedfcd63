#include <charconv>
#include <map>
#include <sstream>

#include "backends/discover/topology.h"

namespace motley {
namespace {

constexpr int kCountLimit = 64, kGenerationLimit = 7, kLaneLimit = 32;

// "nv:2@gen4x16"
struct Word {
  std::string kind;
  int count = 1;
  PciLink link;
};

Result<int> Number(const std::string& word, std::string_view digits, const char* what, int limit) {
  int value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || value < 1 || value > limit) {
    return Error::Invalid("synthetic", "\"" + word + "\": " + what + " \"" + std::string(digits) +
                                           "\" is not a number from 1 to " + std::to_string(limit));
  }
  return value;
}

Result<Word> ParseWord(const std::string& text) {
  Word word;
  const size_t at = text.find('@');
  const std::string head = text.substr(0, at);
  const size_t colon = head.find(':');
  word.kind = head.substr(0, colon);
  if (colon != std::string::npos) {
    word.count = TRY(Number(text, std::string_view(head).substr(colon + 1), "count", kCountLimit));
  }
  if (at == std::string::npos) return word;
  const std::string link = text.substr(at + 1);
  const size_t x = link.find('x');
  if (!link.starts_with("gen") || x == std::string::npos) {
    return Error::Invalid("synthetic", "\"" + text + "\": a link reads gen4x16");
  }
  const std::string_view view = link;
  word.link.generation = TRY(Number(text, view.substr(3, x - 3), "generation", kGenerationLimit));
  word.link.lanes = TRY(Number(text, view.substr(x + 1), "lanes", kLaneLimit));
  word.link.max_generation = word.link.generation;
  word.link.max_lanes = word.link.lanes;
  return word;
}

const std::map<std::string, std::pair<const char*, const char*>> kKinds = {
    {"nv", {"gpu", "NVIDIA GPU"}},
    {"amd", {"gpu", "AMD GPU"}},
    {"intel", {"gpu", "Intel GPU"}},
    {"fpga", {"fpga", "AMD Alveo"}},
    {"acc", {"other", "accelerator"}}};

void AddCpu(Inventory& machine, int node) {
  InventoryEntry& entry = machine.devices.emplace_back();
  entry.info.id = "cpu" + std::to_string(node);
  entry.info.kind = "cpu";
  entry.info.name = "CPU of node " + std::to_string(node);
  entry.info.numa_node = node;
}

void AddCard(Inventory& machine, const Word& word, int number, int nodes) {
  const auto& [kind, name] = kKinds.at(word.kind);
  const auto bus = static_cast<int>(machine.facts.functions.size()) + 1;
  char address[32];
  std::snprintf(address, sizeof address, "%04x:%02x:00.0", bus / 256, bus % 256);
  InventoryEntry& entry = machine.devices.emplace_back();
  entry.info.id = word.kind + std::to_string(number);
  entry.info.kind = kind;
  entry.info.name = name;
  entry.info.pci = address;
  entry.info.numa_node = (bus - 1) % nodes;
  PciFunction function;
  function.address = address;
  function.numa_node = entry.info.numa_node;
  function.name = name;
  function.link = word.link;
  std::snprintf(address, sizeof address, "%04x:00:%02x.%x", bus / 256, bus % 32, bus % 256 / 32);
  function.bridges = {address};
  machine.facts.functions.push_back(function);
  entry.function = std::move(function);
}

}  // namespace

Result<Inventory> SyntheticMachine(const std::string& text) {
  std::vector<Word> words;
  int nodes = 1;
  std::istringstream in(text);
  for (std::string part; in >> part;) {
    const Word word = TRY(ParseWord(part));
    if (word.kind == "numa") {
      nodes = word.count;
    } else if (kKinds.contains(word.kind)) {
      words.push_back(word);
    } else {
      return Error::Invalid("synthetic", "\"" + part + "\": no kind \"" + word.kind +
                                             "\"; numa, nv, amd, intel, fpga and acc are known");
    }
  }
  Inventory machine;
  for (int node = 0; node < nodes; ++node) AddCpu(machine, node);
  std::map<std::string, int> numbers;
  for (const Word& word : words) {
    for (int i = 0; i < word.count; ++i) AddCard(machine, word, numbers[word.kind]++, nodes);
  }
  return machine;
}

}  // namespace motley

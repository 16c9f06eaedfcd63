#include "tests/backends/discover/recorded_tree.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <vector>

namespace motley {
namespace {

namespace fs = std::filesystem;

std::string WithLineEnds(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool line_end = text.substr(i, 2) == "\\n",
               escaped = line_end || text.substr(i, 2) == "\\t";
    out += line_end ? '\n' : escaped ? '\t' : text[i];
    i += escaped;
  }
  return out + "\n";
}

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

// The rest of the words as key=value.
std::map<std::string, std::string> Options(std::istringstream& words) {
  std::map<std::string, std::string> options;
  for (std::string word; words >> word;) {
    const size_t equals = word.find('=');
    options[word.substr(0, equals)] = equals == word.npos ? "" : word.substr(equals + 1);
  }
  return options;
}

std::string Speed(const std::string& generation) {
  const std::map<std::string, std::string> speeds = {
      {"1", "2.5 GT/s PCIe"},  {"2", "5.0 GT/s PCIe"},  {"3", "8.0 GT/s PCIe"},
      {"4", "16.0 GT/s PCIe"}, {"5", "32.0 GT/s PCIe"}, {"6", "64.0 GT/s PCIe"}};
  const auto found = speeds.find(generation);
  return found == speeds.end() ? "Unknown" : found->second;
}

}  // namespace

RecordedTree::RecordedTree(std::string_view text) {
  for (const fs::path& folder : {fs::path("/dev/shm"), fs::temp_directory_path()}) {
    root_ = (folder / "motley-machine-XXXXXX").string();  // in memory where that is possible
    if (mkdtemp(root_.data()) != nullptr) break;
  }
  fs::create_directories(root_ + "/sys");
  Add(text);
}

RecordedTree::~RecordedTree() {
  std::error_code error;
  fs::remove_all(root_, error);
}

void RecordedTree::Add(std::string_view text) {
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    const size_t first = line.find_first_not_of(' ');
    if (first != std::string::npos && line[first] != '#') AddLine(line.substr(first));
  }
}

void RecordedTree::AddLine(const std::string& line) {
  if (line.starts_with("pci ")) return AddFunction(line);
  if (line.starts_with("node ")) return AddNode(line);
  const size_t arrow = line.find(" -> "), colon = line.find(": ");
  if (arrow < colon) {
    Link(line.substr(0, arrow), line.substr(arrow + 4));
  } else if (colon != std::string::npos) {
    Write(line.substr(0, colon), WithLineEnds(std::string_view(line).substr(colon + 2)));
  } else if (line.ends_with('/')) {
    fs::create_directories(root_ + "/" + line);
  }
}

void RecordedTree::AddFunction(const std::string& line) {
  std::istringstream words(line);
  std::string keyword, chain, ids, code;
  words >> keyword >> chain >> ids >> code;
  auto options = Options(words);
  const std::vector<std::string> addresses = Split(chain, '/');
  const std::string host = addresses.front().substr(0, addresses.front().rfind(':'));
  const std::string folder = "sys/devices/pci" + host + "/" + chain + "/";
  Write(folder + "vendor", "0x" + ids.substr(0, 4) + "\n");
  Write(folder + "device", "0x" + ids.substr(5) + "\n");
  Write(folder + "class", "0x" + code + "\n");
  Write(folder + "numa_node", (options.count("numa") ? options["numa"] : "-1") + "\n");
  for (const auto& [name, prefix] : {std::pair("link", "current"), std::pair("max", "max")}) {
    if (options.count(name) == 0) continue;
    const auto parts = Split(options[name], 'x');
    Write(folder + prefix + "_link_speed", Speed(parts.at(0)) + "\n");
    Write(folder + prefix + "_link_width", parts.at(1) + "\n");
  }
  if (options.count("driver")) Link(folder + "driver", "../bus/pci/drivers/" + options["driver"]);
  for (const char* used : {"numa", "link", "max", "driver"}) options.erase(used);
  for (const auto& [name, text] : options)
    text.empty() ? (void)fs::create_directories(root_ + "/" + folder + name)
                 : Write(folder + name, WithLineEnds(text));
  Link("sys/bus/pci/devices/" + addresses.back(), "../../../" + folder.substr(4));
}

void RecordedTree::AddNode(const std::string& line) {
  std::istringstream words(line);
  std::string keyword, index;
  words >> keyword >> index;
  auto options = Options(words);
  const std::string folder = "sys/devices/system/node/node" + index + "/";
  Write(folder + "cpulist", options["cpus"] + "\n");
  Write(folder + "meminfo", "Node " + index + " MemTotal:       " + options["kib"] + " kB\n");
  if (options.count("distance")) {
    std::string distances;
    for (const std::string& part : Split(options["distance"], ',')) distances += part + " ";
    Write(folder + "distance", distances + "\n");
  }
}

void RecordedTree::Write(const std::string& path, std::string_view text) {
  const fs::path full = root_ + "/" + path;
  fs::create_directories(full.parent_path());
  std::ofstream(full, std::ios::binary) << text;
}

void RecordedTree::Link(const std::string& path, const std::string& target) {
  const fs::path full = root_ + "/" + path;
  fs::create_directories(full.parent_path());
  std::error_code error;
  fs::create_symlink(target, full, error);
}

std::string ReadWholeFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace motley

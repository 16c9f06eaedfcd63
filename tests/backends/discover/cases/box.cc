#include "tests/backends/discover/cases/box.h"

#include <algorithm>

namespace motley {
namespace {

template <typename Change>
Box Changed(Box box, Change change) {
  change(box);
  return box;
}

}  // namespace

Box Box::Empty() {
  Box box;
  box.facts_.kernel_release = "6.1.0-37-amd64";
  box.facts_.user = "ada";
  return box;
}

Box Box::Card(uint16_t vendor, uint16_t device, uint32_t class_code) {
  Box box = Empty();
  PciFunction function;
  function.address = "0000:21:00.0";
  function.vendor = vendor;
  function.device = device;
  function.class_code = class_code;
  function.numa_node = 0;
  box.facts_.functions.push_back(function);
  box.has_card_ = true;
  return box;
}

Box Box::Says(std::string state, std::string reason, std::string name) {
  Box box = Empty().Probed(std::move(state), std::move(reason));
  box.answer_.name = std::move(name);
  return box;
}

Box Box::Bound(std::string driver) const {
  return Changed(Module(driver), [&](Box& b) { b.facts_.functions[0].driver = driver; });
}

Box Box::Module(std::string name) const {
  return Changed(*this, [&](Box& b) { b.facts_.modules.push_back(name); });
}

Box Box::Node(std::string path, std::string group, bool accessible) const {
  return Changed(*this, [&](Box& b) { b.facts_.nodes.push_back({path, group, accessible}); });
}

Box Box::Library(std::string path) const {
  return Changed(*this, [&](Box& b) { b.facts_.libraries.push_back(path); });
}

Box Box::Kernel(std::string release) const {
  return Changed(*this, [&](Box& b) { b.facts_.kernel_release = release; });
}

Box Box::InContainer() const {
  return Changed(*this, [](Box& b) { b.facts_.in_container = true; });
}

Box Box::User(std::string name) const {
  return Changed(*this, [&](Box& b) { b.facts_.user = name; });
}

Box Box::Root(std::string root) const {
  return Changed(*this, [&](Box& b) { b.facts_.root = root; });
}

Box Box::Numa(int node) const {
  return Changed(*this, [&](Box& b) { b.facts_.functions[0].numa_node = node; });
}

Box Box::Link(PciLink link) const {
  return Changed(*this, [&](Box& b) { b.facts_.functions[0].link = link; });
}

Box Box::Attribute(std::string name, std::string value) const {
  return Changed(*this, [&](Box& b) { b.facts_.functions[0].attributes[name] = value; });
}

Box Box::Fact(std::string name, std::string value) const {
  return Changed(*this, [&](Box& b) { b.facts_.attributes[name] = value; });
}

Box Box::Probed(std::string state, std::string reason, std::string fix) const {
  return Changed(*this, [&](Box& b) {
    b.has_answer_ = true;
    b.answer_.id = "ocl0";
    b.answer_.backend = "opencl";
    b.answer_.state = state;
    b.answer_.reason = reason;
    b.answer_.fix = fix;
  });
}

Box Box::Memory(uint64_t bytes, std::string resource) const {
  return Changed(Attribute("resource", resource), [&](Box& b) {
    b.answer_.memory_bytes = bytes;
    b.facts_.functions[0].bridges = {"0000:00:01.0"};
  });
}

Box Box::Failed(std::string reason) const {
  DeviceInfo failed;
  failed.id = failed.backend = "opencl";
  failed.state = "failed";
  failed.reason = std::move(reason);
  return Changed(*this, [&](Box& b) { b.facts_.probed.push_back(failed); });
}

Box Box::WithFunction(uint16_t vendor, uint16_t device, std::string address) const {
  PciFunction function;
  function.address = std::move(address);
  function.vendor = vendor;
  function.device = device;
  return Changed(*this, [&](Box& b) { b.facts_.functions.push_back(function); });
}

Box Box::Itself() const {
  return Changed(*this, [](Box& b) { b.itself_ = true; });
}

std::vector<Finding> Box::Findings() const {
  if (itself_) return DiagnoseMachine(facts_);
  if (has_card_) return Diagnose(facts_, facts_.functions[0], has_answer_ ? &answer_ : nullptr);
  return Diagnose(facts_, answer_);
}

bool Holds(const std::vector<Finding>& findings, int code) {
  return std::any_of(findings.begin(), findings.end(),
                     [&](const Finding& finding) { return finding.code == code; });
}

}  // namespace motley

#include <algorithm>

#include "backends/discover/cases/diagnose.h"

namespace motley {
namespace {

using Nodes = std::vector<const DeviceNode*>;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// /dev/nvidia0, /dev/nvidiactl...; a card cannot be told from another by them.
Nodes NodesOfNvidia(const MachineFacts& facts) {
  Nodes nodes;
  for (const DeviceNode& node : facts.nodes)
    if (node.path.starts_with("/dev/nvidia")) nodes.push_back(&node);
  return nodes;
}

bool HasCardNode(const Nodes& nodes) {
  return std::any_of(nodes.begin(), nodes.end(), [](const DeviceNode* node) {
    return node->path.size() > 11 && IsDigit(node->path[11]);
  });
}

// The render node of the card, or all of them where sysfs does not tell which it is.
Nodes RenderNodes(const Subject& subject) {
  const std::string names = Attribute(subject.function, "drm");
  const size_t at = names.find("renderD");
  const std::string mine =
      at == names.npos ? "" : "/dev/dri/" + names.substr(at, names.find(' ', at) - at);
  Nodes nodes;
  for (const DeviceNode& node : subject.facts.nodes)
    if (mine.empty() ? node.path.starts_with("/dev/dri/renderD") : node.path == mine)
      nodes.push_back(&node);
  return nodes;
}

Finding Refused(const MachineFacts& facts, const DeviceNode& node) {
  const std::string user = UserOf(facts);
  if (facts.in_container)
    return Meet(127, "the container may not open " + node.path, {{"node", node.path}});
  if (node.group == "render")
    return Meet(121, "you are not in group render, which owns " + node.path, {{"user", user}});
  if (node.group == "video")
    return Meet(122, "you are not in group video, which owns " + node.path, {{"user", user}});
  if (node.group.empty() || node.group == "root")
    return Meet(129, "only root may open " + node.path, {{"user", user}});
  return Meet(120, "you are not in group " + node.group + ", which owns " + node.path,
              {{"user", user}, {"group", node.group}});
}

Findings AccessToNvidia(const Subject& subject) {
  const Nodes nodes = NodesOfNvidia(subject.facts);
  if (!HasCardNode(nodes)) {
    if (subject.facts.in_container)
      return {Meet(125, "the container was started without /dev/nvidia nodes")};
    return {Meet(124, "/dev/nvidia nodes are missing")};
  }
  for (const DeviceNode* node : nodes)
    if (!node->accessible) return {Refused(subject.facts, *node)};
  return {};
}

}  // namespace

Findings AccessTo(const Subject& subject) {
  const MachineFacts& facts = subject.facts;
  if (subject.function.vendor == kNvidia) return AccessToNvidia(subject);
  Nodes nodes = RenderNodes(subject);
  if (nodes.empty()) {
    if (facts.in_container)
      return {Meet(126, "the container was started without /dev/dri render nodes")};
    return {Meet(128, subject.function.driver + " is bound, but there is no render node")};
  }
  for (const DeviceNode& node : facts.nodes)
    if (node.path == "/dev/kfd" && subject.function.vendor == kAmd) nodes.push_back(&node);
  for (const DeviceNode* node : nodes)
    if (!node->accessible) return {Refused(facts, *node)};
  return {};
}

}  // namespace motley

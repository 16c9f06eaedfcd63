#pragma once
// Pictures of a topology: text for terminals, SVG for pages, DOT for graphviz. Pure functions.

#include <string>

#include "backends/discover/topology.h"

namespace motley {

// A tree of lines as wide as they are; box characters or ASCII.
std::string TopologyText(const TopologyNode& root, bool unicode);

// One static picture, 1280 wide and as high as it needs; light or dark as the viewer is.
std::string TopologySvg(const TopologyNode& root);

std::string TopologyDot(const TopologyNode& root);

// "gen4 x16 31.5 GB/s", and " (slot or device: gen4 x16)" when it is trained below what is
// possible; empty when nothing is known.
std::string LinkText(const PciLink& link);

// "RTX A4000, 16.0 GiB, no-driver": what stands beside a node's id.
std::string NodeText(const TopologyNode& node);

// What fits into so many pixels of a 12 px sans font, "…" for the rest.
std::string Shorten(const std::string& text, double pixels);

// For XML and DOT: &, <, >, " and control characters.
std::string EscapeMarkup(const std::string& text);

}  // namespace motley

#pragma once
// The roofline plot of a profile: what a device's memory and arithmetic allow, and what our kernels
// reached at each size (Williams, Waterman, Patterson: Roofline, CACM 52(4), 2009).

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "hwprofiles/op_points.h"
#include "hwprofiles/profile.h"

namespace motley {

struct Roofline {
  OpProfile profile;               // drawn are its points that compute and move bytes
  std::optional<PeakRates> roofs;  // absent: only points
};

// One panel below the other, 1280 wide and 720 high each: operations per second over operations per
// byte, both logarithmic; light or dark as the viewer is. Points that others disturbed are hollow.
// A pure function.
std::string RooflineSvg(const std::vector<Roofline>& devices);

// The devices of a motley.profile/1 or motley.profiles/1. Errors name the file or the key.
Result<std::vector<OpProfile>> ReadProfiles(const std::string& path);

// The plot of all profiles, as the file's ending says: .svg or .png. Errors: InvalidArgument
// (another ending; nothing to draw), those of writing and of WritePng.
Status WriteRoofline(const std::vector<OpProfile>& profiles, const std::string& path);

}  // namespace motley

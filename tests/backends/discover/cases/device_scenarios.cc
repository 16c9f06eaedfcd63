#include "tests/backends/discover/cases/box.h"

namespace motley {
namespace {

constexpr PciLink kWhole{4, 16, 4, 16, 4, 16};

Box Ready() { return Box::Amd(0x73bf).Bound("amdgpu").Link(kWhole).Probed("ready", ""); }
Box Fpga() { return Box::Alveo(0x5005).Bound("xocl").Probed("ready", ""); }
Box Memory(const char* window) {
  return Ready()
      .Attribute("mem_info_vram_total", "17163091968")
      .Attribute("mem_info_vis_vram_total", window);
}
Box Arc(const char* region) {
  const std::string others = "0x00000000a1000000 0x00000000a1ffffff 0x0000000000140204\n";
  return Box::Intel(0x56a0)
      .Bound("i915")
      .Probed("ready", "")
      .Memory(uint64_t{16} << 30, others + region);
}
Box Amdgpu() {
  return Box::Amd(0x73bf)
      .Bound("amdgpu")
      .Attribute("drm", "card0 renderD128")
      .Library("/usr/lib/x86_64-linux-gnu/libOpenCL.so.1");
}
Box Render(const char* group, bool accessible) {
  return Amdgpu().Node("/dev/dri/renderD128", group, accessible);
}
Box Nvidia() { return Box::Nvidia(0x2204).Bound("nvidia"); }

}  // namespace

std::vector<Scenario> ConditionScenarios() {
  return {
      {101, "SlotWithFewerLanes", Ready().Link({4, 8, 4, 16, 4, 8}), Ready()},
      {102, "OlderSlot", Ready().Link({3, 16, 4, 16, 3, 16}), Ready()},
      {103, "SmallWindow", Memory("268435456"), Memory("17163091968")},
      {103, "SmallRegions", Arc("0x0000000380000000 0x000000038fffffff 0x000000000014220c"),
       Arc("0x0000000380000000 0x000000077fffffff 0x000000000014220c")},
      {104, "EccOff", Ready().Attribute("ras/features", "feature mask: 0x0"),
       Ready().Attribute("ras/features", "feature mask: 0x1")},
      {105, "TooHot",
       Ready().Attribute("hwmon/temp2_input", "110000").Attribute("hwmon/temp2_crit", "110000"),
       Ready().Attribute("hwmon/temp2_input", "109000").Attribute("hwmon/temp2_crit", "110000")},
      {105, "HeldDownByDriver", Ready().Attribute("throttle_reason_status", "1"),
       Ready().Attribute("throttle_reason_status", "0")},
      {106, "ForcedLow", Ready().Attribute("power_dpm_force_performance_level", "low"),
       Ready().Attribute("power_dpm_force_performance_level", "auto")},
      {107, "Asleep", Amdgpu().Attribute("power_state", "D3cold"),
       Ready().Attribute("power_state", "D3cold")},
      {108, "FatalErrors", Ready().Attribute("aer_fatal", "2"),
       Ready().Attribute("aer_fatal", "0")},
      {109, "UncorrectableErrors", Ready().Attribute("aer_nonfatal", "7"),
       Ready().Attribute("aer_nonfatal", "0")},
      {110, "UnknownSocket", Ready().Numa(-1).Fact("sys/devices/system/node/online", "0-1"),
       Ready().Numa(-1).Fact("sys/devices/system/node/online", "0")},
      {112, "Llvmpipe", Box::Says("ready", "", "llvmpipe (LLVM 15.0.6, 256 bits)"),
       Box::Says("ready", "", "AMD Radeon RX 6900 XT (radeonsi)")},
      {113, "SlowLink", Fpga().Link({1, 16, 3, 16, 4, 16}), Fpga().Link({3, 16, 3, 16, 4, 16})},
      {113, "SlowLinkOfIdleGpuIsFine", Fpga().Link({2, 16, 3, 16, 3, 16}),
       Ready().Link({1, 16, 4, 16, 4, 16})},
      {114, "NarrowLink", Ready().Link({4, 8, 4, 16, 4, 16}), Ready().Link({4, 8, 4, 16, 4, 8})},
      {114, "NarrowLinkUnderUnknownSlot", Ready().Link({4, 4, 4, 16}),
       Ready().Link({4, 16, 4, 16})},
      {114, "NoLinkWhenAsleep", Ready().Link({4, 8, 4, 16, 4, 16}),
       Ready().Link({4, 8, 4, 16, 4, 16}).Attribute("power_state", "D3cold")},
  };
}

std::vector<Scenario> AccessScenarios() {
  const Box nvidia_group =
      Nvidia().Node("/dev/nvidiactl", "vglusers", false).Node("/dev/nvidia0", "vglusers", false);
  const Box kfd = Render("render", true);
  return {
      {120, "OtherGroup", nvidia_group,
       Nvidia().Node("/dev/nvidiactl", "vglusers", true).Node("/dev/nvidia0", "vglusers", true)},
      {121, "GroupRender", Render("render", false), Render("render", true)},
      {121, "GroupRenderOfKfd", kfd.Node("/dev/kfd", "render", false),
       kfd.Node("/dev/kfd", "render", true)},
      {121, "NodeOfAnotherCard", Render("render", false),
       Render("render", true).Node("/dev/dri/renderD129", "render", false)},
      {122, "GroupVideo", Nvidia().Node("/dev/nvidia0", "video", false),
       Nvidia().Node("/dev/nvidia0", "video", true)},
      {124, "NoNvidiaNodes", Nvidia().Node("/dev/nvidiactl", "video", true),
       Nvidia().Node("/dev/nvidia0", "video", true)},
      {125, "NvidiaContainer", Nvidia().InContainer(),
       Nvidia().InContainer().Node("/dev/nvidia0", "root", true)},
      {126, "GraphicsContainer", Amdgpu().InContainer(), Render("render", true).InContainer()},
      {127, "RefusedInContainer", Render("render", false).InContainer(), Render("render", false)},
      {128, "NoRenderNode", Amdgpu().Node("/dev/dri/card0", "video", true), Render("render", true)},
      {129, "NodeOfRoot", Render("root", false), Render("render", false)},
  };
}

}  // namespace motley

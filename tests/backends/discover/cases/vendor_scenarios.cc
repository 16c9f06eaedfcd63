#include "tests/backends/discover/cases/box.h"

namespace motley {

std::vector<Scenario> VendorScenarios() {
  const Box navi = Box::Amd(0x73bf), hawaii = Box::Amd(0x67b0), navi48 = Box::Amd(0x7550);
  const Box arc_a = Box::Intel(0x56a0), arc_b = Box::Intel(0xe20b);
  const Box management = Box::Alveo(0x5004), user = Box::Alveo(0x5005);
  const Box gaudi = Box::Card(0x1da3, 0x1020, 0x120000);
  return {
      {150, "NoAmdgpu", navi, navi.Module("amdgpu")},
      {151, "CloudKernelAmd", navi.Kernel("6.1.0-37-cloud-amd64"), navi},
      {151, "CloudKernelIntel", arc_b.Kernel("6.12.9-cloud-amd64"), arc_b.Kernel("6.12.9-amd64")},
      {152, "RadeonBound", hawaii.Bound("radeon"), hawaii.Bound("amdgpu")},
      {152, "AmdgpuDoesNotTakeGcn2", hawaii.Module("amdgpu"), navi.Module("amdgpu")},
      {153, "NoFirmware", navi.Module("amdgpu"), navi.Bound("amdgpu")},
      {154, "OldKernelForRdna4", navi48, navi48.Kernel("6.12.32+bpo-amd64")},
      {154, "OldKernelIsFineForRdna2", navi48, navi},
      {155, "NoI915", Box::Intel(0x9bc5), Box::Intel(0x9bc5).Bound("i915")},
      {156, "OldKernelForArcA", arc_a, arc_a.Kernel("6.2.0-1-amd64")},
      {157, "OldKernelForArcB", arc_b.Kernel("6.11.10-amd64"), arc_b.Kernel("6.12.0-amd64")},
      {158, "PonteVecchio", Box::Intel(0x0bd5), Box::Intel(0x0bd5).Bound("i915")},
      {160, "NoXocl", user, user.Bound("xocl")},
      {161, "Golden", Box::Alveo(0xd004), user},
      {162, "ManagementOnly", management, management.WithFunction(0x10ee, 0x5005, "0000:21:00.1")},
      {162, "UserFunctionOfAnotherCard", management.WithFunction(0x10ee, 0x5005, "0000:41:00.1"),
       management.WithFunction(0x10ee, 0x5005, "0000:21:00.1")},
      {163, "PassedThrough", Box::Nvidia(0x2204).Bound("vfio-pci"),
       Box::Nvidia(0x2204).Bound("nvidia")},
      {164, "OwnDesign", Box::Alveo(0x7021), user},
      {165, "ManagementHalf", management.WithFunction(0x10ee, 0x5005, "0000:21:00.1"), management},
      {166, "GaudiWithoutDriver", gaudi, gaudi.Bound("habanalabs")},
      {167, "GaudiWithoutPlugin", gaudi.Bound("habanalabs"), gaudi},
      {168, "OnlyBusRecorded", navi.Bound("amdgpu").Root("/boxes/one"), navi.Bound("amdgpu")},
  };
}

std::vector<Scenario> RuntimeScenarios() {
  const Box card = Box::Nvidia(0x2204);
  const Box loader = Box::Empty().Library("/usr/lib/libOpenCL.so.1").Itself();
  const Box limits = card.Itself();
  const Box nodes = Box::Empty().Fact("sys/devices/system/node/online", "0-1").Itself();
  const Box cpus = Box::Empty().Fact("sys/devices/system/cpu/online", "0-7").Itself();
  const std::string swaps =
      "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n/dev/sda2 partition ";
  const std::string huge = "sys/kernel/mm/transparent_hugepage/enabled";
  const std::string memlock = "Limit                     Soft Limit\nMax locked memory         ";
  const Box amd = Box::Amd(0x73bf)
                      .Bound("amdgpu")
                      .Node("/dev/dri/renderD128", "render", true)
                      .Library("/usr/lib/libOpenCL.so.1");
  return {
      {130, "MachineWithoutLoader", Box::Empty().Itself(), loader},
      {170, "Crashed", Box::Says("failed", "the probe of backend opencl ended with signal 11"),
       Box::Says("ready", "")},
      {170, "CrashHidesCards", amd.Failed("the probe of backend opencl ended with signal 11"), amd},
      {171, "TimedOut", Box::Says("failed", "the probe of backend opencl took more than 10000 ms"),
       Box::Says("failed", "the probe of backend opencl ended with signal 11")},
      {172, "WrongResults", card.Probed("failed", "mul_mat q4_0: wrong results, 0.3 off"),
       card.Probed("ready", "")},
      {173, "OldOpenCl", card.Probed("failed", "needs OpenCL 1.2, has OpenCL 1.1 Mesa 22.3.6"),
       card.Probed("ready", "")},
      {174, "OtherFailure", card.Probed("failed", "no OpenCL C compiler"),
       card.Probed("failed", "needs OpenCL 1.2, has OpenCL 1.1")},
      {180, "Quarantined", card.Probed("quarantined", "its worker died 6 times in 5 minutes"),
       card.Probed("ready", "")},
      {186, "NoIcd", loader, loader.Library("/etc/OpenCL/vendors/pocl.icd")},
      {187, "LockedMemory", limits.Fact("proc/self/limits", memlock + "8388608  8388608  bytes"),
       limits.Fact("proc/self/limits", memlock + "unlimited  unlimited  bytes")},
      {187, "LockedMemoryMattersToCardsOnly",
       limits.Fact("proc/self/limits", memlock + "65536  65536  bytes"),
       loader.Fact("proc/self/limits", memlock + "65536  65536  bytes")},
      {188, "HugePagesOff", loader.Fact(huge, "always madvise [never]"),
       loader.Fact(huge, "always [madvise] never")},
      {188, "HugePagesReserved", loader.Fact(huge, "always madvise [never]"),
       loader.Fact(huge, "always madvise [never]").Fact("proc/sys/vm/nr_hugepages", "512")},
      {189, "Swapping", loader.Fact("proc/swaps", swaps + "8388604 524288 -2"),
       loader.Fact("proc/swaps", swaps + "8388604 0 -2")},
      {190, "NumaBalancing", nodes.Fact("proc/sys/kernel/numa_balancing", "1"),
       nodes.Fact("proc/sys/kernel/numa_balancing", "0")},
      {190, "NumaBalancingOfOneNode", nodes.Fact("proc/sys/kernel/numa_balancing", "1"),
       loader.Fact("proc/sys/kernel/numa_balancing", "1")},
      {191, "ContainerWithoutNodes", limits.InContainer(),
       limits.InContainer().Node("/dev/nvidia0", "root", true)},
      {192, "CpuQuota", cpus.Fact("sys/fs/cgroup/cpu.max", "250000 100000"),
       cpus.Fact("sys/fs/cgroup/cpu.max", "800000 100000")},
      {192, "NoCpuQuota", cpus.Fact("sys/fs/cgroup/cpu.max", "100000 100000"),
       cpus.Fact("sys/fs/cgroup/cpu.max", "max 100000")},
  };
}

}  // namespace motley

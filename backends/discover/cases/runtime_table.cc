#include "backends/discover/cases/table.h"

namespace motley {
namespace {

constexpr Case kCases[] = {
    {170, "failed", "the driver crashed while it was asked for its devices",
     "Each backend is asked in a process of its own, so the crash took nothing else with it. The "
     "vendor's library is broken, or does not match its kernel module.",
     "motley-worker --probe {backend}; sudo dmesg | tail -n 30  # after an update of the driver: "
     "sudo reboot"},
    {171, "failed", "the driver did not answer in time",
     "The process that asked it was ended. A card that hangs keeps every program that opens it; "
     "the first start after an installation can be slow, too.",
     "sudo dmesg | tail -n 30; motley devices  # if it hangs again: sudo reboot, at worst with "
     "the power off"},
    {172, "failed", "the device computes wrong results",
     "It was given small problems with known answers and got some wrong. It is not used. Causes "
     "are a fault of the driver's compiler, memory errors, or too high clocks.",
     "motley conformance --device {device}  # update the driver, undo overclocking, look for "
     "errors in: sudo dmesg"},
    {173, "failed", "the device's OpenCL is too old",
     "Motley needs OpenCL 1.2 with an online compiler. Clover, Mesa's old OpenCL, ends at 1.1; "
     "rusticl in Debian's backports is 3.0.",
     MOTLEY_ADD_BACKPORTS MOTLEY_FROM_BACKPORTS
     "mesa-opencl-icd && export RUSTICL_ENABLE=radeonsi,iris"},
    {174, "failed", "the device cannot be used",
     "Its driver answers, but something that Motley needs failed; the reason is the driver's own.",
     "motley conformance --device {device}; sudo dmesg | tail -n 30"},
    {180, "quarantined", "the device was put aside after repeated faults",
     "Its worker died or gave wrong results again and again, so nothing is placed on it until "
     "somebody has looked.",
     "motley conformance --device {device} && sudo dmesg | tail -n 30  # then restart the service: "
     "sudo systemctl restart motleyd"},

    {186, "no-backend", "no OpenCL implementation is installed",
     "The loader is there, but /etc/OpenCL/vendors has no .icd file. GPUs need that of their "
     "vendor (their own lines say which); PoCL computes on the CPU, for tests.",
     "sudo apt install pocl-opencl-icd"},
    {187, "degraded", "little memory may be locked",
     "Drivers lock the memory that devices copy from. The limit of this login is small, so large "
     "buffers are copied through small ones, or refused.",
     "echo '{user} - memlock unlimited' | sudo tee /etc/security/limits.d/motley.conf  # then log "
     "in again; a service: LimitMEMLOCK=infinity"},
    {188, "degraded", "huge pages are off",
     "Transparent huge pages are set to never and none are reserved. Weights on the CPU are read "
     "faster through pages of 2 MiB.",
     "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled"},
    {189, "degraded", "the machine swaps",
     "Part of somebody's memory is on disk. Weights or KV memory that go there make a token take "
     "seconds.",
     "free -h; sudo swapoff -a && sudo swapon -a  # brings it back, if memory is free; else serve "
     "a smaller model or context"},
    {190, "degraded", "the kernel moves memory between sockets by itself",
     "Automatic NUMA balancing takes pages away from time to time to see who uses them. Motley "
     "places its memory itself, so that costs time and gives nothing.",
     "echo 0 | sudo tee /proc/sys/kernel/numa_balancing"},
    {191, "no-access", "the container sees cards on the bus and none of their nodes",
     "A container shares the host's bus, not its device nodes: it was started without them.",
     "docker run --gpus all --device /dev/dri ...  # --gpus for NVIDIA, --device for the others"},
    {192, "degraded", "the CPU time of this group of processes is limited",
     "A quota of its cgroup gives it less than the CPUs it sees, so threads are stopped in the "
     "middle of a step.",
     "docker update --cpus {cpus} CONTAINER  # a service: sudo systemctl set-property UNIT "
     "CPUQuota="},
};

}  // namespace

std::span<const Case> RuntimeCases() { return kCases; }

}  // namespace motley

#include "backends/discover/cases/table.h"

namespace motley {
namespace {

constexpr Case kCases[] = {
    {101, "ready", "the slot has fewer lanes than the card",
     "The port above the card has fewer PCIe lanes than the card can use, so copies to and from it "
     "are slower than its data sheet says. Weights stay on the card, so the cost is loading time "
     "and what crosses between devices; the planner measures it.",
     "sudo lspci -vv -s {pci}  # to gain: move the card to a slot with all its lanes"},
    {102, "ready", "the slot is of an older PCIe generation than the card",
     "The link can be no faster than the port above the card. Nothing is wrong; copies are slower "
     "than the card's data sheet says, and the planner counts what it measures.",
     "sudo lspci -vv -s {pci}  # to gain: a newer board, or the slot's generation in the BIOS"},
    {103, "ready", "only a small window of the card's memory is open to the host",
     "The memory BAR is 256 MiB or less, far smaller than the card's memory: resizable BAR is off. "
     "Loading takes longer and Intel Arc loses speed in everything it does.",
     "sudo lspci -vv -s {pci} | grep -A3 Resizable  # then in the BIOS: Above 4G Decoding and "
     "Resizable BAR on, CSM off"},
    {104, "degraded", "error correction of the card's memory is off",
     "Bits that flip in weights or KV memory go unnoticed and change what the model says. This "
     "card can correct them. AMD: RAS is switched off by a parameter of amdgpu; NVIDIA: "
     "`sudo nvidia-smi -e 1`. Either takes effect at the next start.",
     "grep -r ras_enable /etc/modprobe.d /proc/cmdline  # remove amdgpu.ras_enable=0, then: sudo "
     "update-initramfs -u; sudo reboot"},
    {105, "degraded", "the device slows itself down",
     "It is at its limit of temperature or power and runs below its clocks, so measured times do "
     "not hold. Passively cooled cards need a fan that blows through them.",
     "sudo apt install lm-sensors && sensors  # then clean, cool or move the card; profile it "
     "again once it is cool"},
    {106, "degraded", "the card is held at its lowest clocks",
     "power_dpm_force_performance_level of amdgpu says low: somebody or a power profile has "
     "forced it, and the card is several times slower than it can be.",
     "echo auto | sudo tee /sys/bus/pci/devices/{pci}/power_dpm_force_performance_level"},
    {107, "degraded", "the device is powered down",
     "It is in power state D3 and its backend did not answer for it. A card whose power "
     "management cannot wake it stays away until it is told to stay on.",
     "echo on | sudo tee /sys/bus/pci/devices/{pci}/power/control"},
    {108, "degraded", "the link had fatal PCIe errors",
     "The kernel counted fatal uncorrectable errors on this device since it was started: work was "
     "lost or the link was reset. The usual causes are a loose card, a riser or cable, and power.",
     "sudo dmesg | grep -i -e aer -e {pci}  # reseat the card, replace its riser, then reboot"},
    {109, "degraded", "the link had uncorrectable PCIe errors",
     "The kernel counted uncorrectable errors that the link survived. Transactions were lost; "
     "results of that time are in doubt. The usual causes are a riser, a cable, or a slot "
     "driven above what the board can do.",
     "sudo dmesg | grep -i -e aer -e {pci}  # reseat the card, or set its slot one generation "
     "lower in the BIOS"},
    {110, "ready", "which socket the card is on is not known",
     "The machine has several NUMA nodes, but its firmware does not say which one this device is "
     "attached to, so the threads that feed it may run on the far one.",
     "cat /sys/bus/pci/devices/{pci}/local_cpulist  # a newer BIOS may tell; the planner's "
     "measurements hold either way"},
    {112, "degraded", "an OpenCL device that is made of software",
     "llvmpipe computes on the CPU and far slower than the device cpu0, which uses the same "
     "cores. It is there for tests.",
     "unset RUSTICL_ENABLE  # or name your GPU's driver in it: radeonsi, iris"},
    {113, "degraded", "the link trained at a lower generation than card and slot can do",
     "Card and slot agree on a slower PCIe generation than both can do: a riser, a dirty contact, "
     "or a limit set in the BIOS. Told only of devices that do not slow their link when idle, as "
     "graphics cards do.",
     "sudo lspci -vv -s {pci} | grep -e LnkCap -e LnkSta  # reseat the card, or check the slot's "
     "speed in the BIOS"},
    {114, "degraded", "the link trained with fewer lanes than card and slot have",
     "Some lanes did not come up: the card is not fully seated, a contact is dirty, a riser is "
     "broken, or the BIOS splits the slot. Copies to and from the card are slower in proportion.",
     "sudo lspci -vv -s {pci} | grep -e LnkCap -e LnkSta  # reseat the card, or check the slot's "
     "bifurcation in the BIOS"},

    {120, "no-access", "you are not in the group that owns the device node",
     "The node belongs to a group that this user is not in, so the driver cannot be opened.",
     "sudo usermod -aG {group} {user}  # then log in again"},
    {121, "no-access", "you are not in group render",
     "Compute goes through render nodes and /dev/kfd, which belong to group render on Debian. "
     "The login that is running does not have that group.",
     "sudo usermod -aG render {user}  # then log in again"},
    {122, "no-access", "you are not in group video",
     "Debian's NVIDIA driver gives its nodes to group video, and so did older kernels with "
     "graphics nodes. The login that is running does not have that group.",
     "sudo usermod -aG video {user}  # then log in again"},
    {124, "no-access", "NVIDIA's device nodes are missing",
     "The driver is loaded, but /dev/nvidiactl and /dev/nvidia0 are made by a helper that runs "
     "when a program of root asks, and nothing has asked since the machine was started.",
     MOTLEY_ADD_NON_FREE "sudo apt install nvidia-modprobe && sudo nvidia-modprobe -c 0 -u"},
    {125, "no-access", "this container was started without the NVIDIA devices",
     "The card is on the bus and the host's driver is loaded, but no /dev/nvidia node is in the "
     "container. NVIDIA's container toolkit (package nvidia-container-toolkit of NVIDIA's "
     "repository, on the host) puts nodes and libraries in.",
     "docker run --gpus all ...  # podman: --device nvidia.com/gpu=all"},
    {126, "no-access", "this container was started without the graphics devices",
     "The card is on the bus and the host's driver is loaded, but neither a render node nor "
     "/dev/kfd is in the container.",
     "docker run --device /dev/dri --device /dev/kfd --group-add $(getent group render | cut -d: "
     "-f3) ...  # as seen by the host; without /dev/kfd for Intel and Xilinx"},
    {127, "no-access", "the container may not open the device node",
     "The node is there, but the container's device rules or its groups refuse it. Group numbers "
     "inside must be those of the host.",
     "docker run --device {node} --group-add $(stat -c %g {node}) ...  # LXC: "
     "lxc.cgroup2.devices.allow = c 226:* rwm and the node as a mount"},
    {128, "no-access", "the driver made no render node",
     "The driver is bound to the card, but there is no /dev/dri/renderD node for it: the kernel "
     "was started with nomodeset, or udev does not run.",
     "grep nomodeset /proc/cmdline  # if so: sudo sed -i 's/nomodeset//' /etc/default/grub; sudo "
     "update-grub; sudo reboot; else: sudo udevadm trigger -s drm"},
    {129, "no-access", "the device node is root's alone",
     "No group may use the node, so no group helps: a rule of udev that gives it to group render "
     "is missing. It comes with the package udev and with the vendors' own packages.",
     "echo 'KERNEL==\"renderD*|kfd\", GROUP=\"render\", MODE=\"0660\"' | sudo tee "
     "/etc/udev/rules.d/70-motley.rules; sudo udevadm trigger; sudo usermod -aG render {user}  # "
     "then log in again"},
};

}  // namespace

std::span<const Case> DeviceCases() { return kCases; }

}  // namespace motley

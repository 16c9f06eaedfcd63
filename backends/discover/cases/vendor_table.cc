#include "backends/discover/cases/table.h"

namespace motley {
namespace {

constexpr Case kCases[] = {
    {150, "no-driver", "the module amdgpu is not loaded",
     "The kernel has the driver, but it is not there: kept away by a blacklist, by nomodeset, or "
     "loading failed.",
     "sudo modprobe amdgpu  # if it stays away: grep -r amdgpu /etc/modprobe.d; sudo dmesg | grep "
     "amdgpu"},
    {151, "no-driver", "the running kernel is the cloud flavour, without graphics drivers",
     "Debian's linux-image-cloud-amd64 leaves out amdgpu, i915 and the rest to be small. The "
     "ordinary kernel has them.",
     "sudo apt install linux-image-amd64 && sudo apt remove '^linux-image-.*cloud-amd64$' && sudo "
     "reboot"},
    {152, "no-driver", "radeon is bound where amdgpu should be",
     "For GCN 1 and 2 (gfx6, gfx7: Radeon HD 7000, R7, R9 2x0 and 390) the kernel prefers its old "
     "module, which cannot compute. Two parameters hand the card to amdgpu.",
     "sudo sed -i 's/^GRUB_CMDLINE_LINUX=\"/&radeon.{family}_support=0 amdgpu.{family}_support=1 "
     "/' /etc/default/grub && sudo update-grub && sudo reboot"},
    {153, "no-driver", "amdgpu does not take the card: its firmware is missing",
     "The module is loaded but not bound. Nearly always its firmware files are not installed: "
     "they are in Debian's component non-free-firmware.",
     MOTLEY_ADD_NON_FREE
     "sudo apt install firmware-amd-graphics && sudo update-initramfs -u && sudo reboot  # else: "
     "sudo dmesg | grep amdgpu"},
    {154, "no-driver", "the kernel is too old for this AMD GPU",
     "RDNA 4 (gfx1200, gfx1201) needs Linux 6.12, the integrated GPUs of Strix (gfx1150, gfx1151) "
     "6.11. Debian 12 has 6.1; its backports have 6.12 and the firmware for them.",
     MOTLEY_ADD_BACKPORTS MOTLEY_FROM_BACKPORTS
     "linux-image-amd64 firmware-amd-graphics && sudo reboot"},
    {155, "no-driver", "the Intel GPU has no driver",
     "Neither i915 nor xe is bound to it: kept away by a blacklist, by nomodeset, or loading "
     "failed.",
     "sudo modprobe {module}  # if it stays away: grep -r {module} /etc/modprobe.d; sudo dmesg | "
     "grep -e i915 -e xe"},
    {156, "no-driver", "the kernel is too old for Intel Arc A",
     "i915 takes Alchemist and Data Center GPU Flex by itself from Linux 6.2 on; Debian 12 has "
     "6.1. The GPU's firmware is in firmware-intel-graphics of the backports.",
     MOTLEY_ADD_BACKPORTS MOTLEY_FROM_BACKPORTS
     "linux-image-amd64 firmware-intel-graphics && sudo reboot"},
    {157, "no-driver", "the kernel is too old for this Intel GPU",
     "Arc B (Battlemage) and Lunar Lake are served by the module xe, by itself from Linux 6.12 "
     "on; Debian 12 has 6.1, its backports have 6.12.",
     MOTLEY_ADD_BACKPORTS MOTLEY_FROM_BACKPORTS
     "linux-image-amd64 firmware-intel-graphics && sudo reboot"},
    {158, "no-driver", "Data Center GPU Max needs Intel's own driver",
     "No released kernel takes Ponte Vecchio by itself. Intel keeps the driver outside of the "
     "kernel, as a DKMS package of its own repository (repositories.intel.com/gpu).",
     "sudo apt install linux-headers-$(uname -r) intel-i915-dkms  # from Intel's repository, once "
     "it is added"},

    {160, "no-driver", "the driver of the FPGA card is missing",
     "The card shows a platform, but xocl is not bound to its user function. Debian has XRT's "
     "library and no driver: AMD's package of XRT holds both, built by DKMS for the running "
     "kernel.",
     "sudo apt install linux-headers-$(uname -r) ./xrt_*.deb && sudo modprobe xocl  # the package "
     "is AMD's, for the card"},
    {161, "no-driver", "the FPGA card shows its golden image",
     "The card came up with the image that it falls back to: it was never flashed with a "
     "platform, or the platform is damaged. It must be flashed once from the host and the machine "
     "switched off and on.",
     "sudo xbmgmt program --base --device {pci}  # with AMD's XRT and the card's platform package "
     "installed; then a cold reboot"},
    {162, "no-driver", "only the management function of the card is here",
     "The user function, which computes, is missing: a virtual machine was given the wrong half "
     "of the card, or the card has no platform loaded.",
     "sudo xbmgmt examine  # in a virtual machine: pass through {user-function} of the host, the "
     "other half of the card"},
    {163, "no-driver", "the card is set aside for a virtual machine",
     "A driver that only holds it for others is bound, as is done to pass a card through. It is "
     "the guest's as long as that lasts.",
     "sudo apt install driverctl && sudo driverctl unset-override {pci}  # also remove its id "
     "from vfio-pci.ids in /proc/cmdline and /etc/modprobe.d"},
    {164, "no-driver", "an FPGA with a design that is not known",
     "Its id is none of an Alveo platform: a board with its own design and its own driver. Motley "
     "reaches FPGAs through XRT alone.",
     "lspci -nn -k -s {pci}  # if it is an Alveo card: sudo xbmgmt examine, then program a "
     "platform"},
    {165, "no-backend", "the management half of an FPGA card",
     "Each card shows two functions. This one resets and flashes the card; its other function "
     "computes and is listed beside it.",
     "motley devices  # nothing to do here: use {user-function}"},
    {166, "no-driver", "the accelerator has no driver",
     "No kernel module is bound to it. Its maker's package, or a newer kernel, has one.",
     "lspci -nn -k -s {pci}  # then: sudo modprobe {module}"},
    {167, "no-backend", "Motley has no plug-in for this accelerator",
     "The driver is there, but no backend of Motley speaks to it. Plug-ins can be added without "
     "changing Motley: docs/adding-a-backend.md.",
     "motley devices  # nothing to install: the other devices serve"},
    {168, "no-backend", "the record does not say whether a backend serves the card",
     "This machine was recorded from sysfs and proc alone, without device nodes, libraries and "
     "what its backends answered, so all that is known is that a driver is bound.",
     "motley devices  # on that machine itself"},
};

}  // namespace

std::span<const Case> VendorCases() { return kCases; }

}  // namespace motley

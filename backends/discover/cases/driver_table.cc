#include "backends/discover/cases/table.h"

namespace motley {
namespace {

constexpr Case kCases[] = {
    {130, "no-backend", "the OpenCL loader is missing",
     "libOpenCL.so.1 finds the vendors' implementations. Without it no OpenCL device is seen, "
     "whatever drivers are installed.",
     "sudo apt install ocl-icd-libopencl1"},
    {131, "no-backend", "the XRT library is missing",
     "The kernel's driver is bound to the card, but libxrt_coreutil.so.2, through which programs "
     "reach it, was not found. Its version should be that of the xocl driver, so take both from "
     "one place: AMD's package of XRT holds both, Debian's libxrt1 is 2.13 and has no driver.",
     "sudo apt install ./xrt_*.deb  # AMD's package for the card; Debian's library: sudo apt "
     "install libxrt1"},
    {132, "no-backend", "NVIDIA's OpenCL library is not installed",
     "The kernel module serves the card, but there is no nvidia.icd in /etc/OpenCL/vendors. Its "
     "version must be that of the module, so it comes from the same source as the driver.",
     MOTLEY_ADD_NON_FREE "sudo apt install {package} ocl-icd-libopencl1"},
    {133, "no-backend", "no OpenCL implementation for this AMD GPU",
     "amdgpu is bound, but neither ROCm's OpenCL nor Mesa's is installed. Mesa's rusticl is in "
     "Debian's backports. ROCm is faster and serves this GPU: package rocm-opencl-runtime of "
     "AMD's own repository (Debian 12 does not have it).",
     MOTLEY_ADD_BACKPORTS MOTLEY_FROM_BACKPORTS
     "mesa-opencl-icd && export RUSTICL_ENABLE=radeonsi  # or: sudo apt install "
     "rocm-opencl-runtime from AMD's repository"},
    {134, "no-backend", "Intel's OpenCL library is not installed",
     "The kernel's driver is bound, but there is no intel.icd in /etc/OpenCL/vendors.",
     "sudo apt install intel-opencl-icd ocl-icd-libopencl1"},
    {135, "no-backend", "Mesa's OpenCL is installed but not enabled for this GPU",
     "rusticl shows a GPU only when RUSTICL_ENABLE names its driver, and Debian 12's own Mesa "
     "(22.3) cannot drive AMD's GPUs through it: that takes the version of the backports.",
     MOTLEY_ADD_BACKPORTS MOTLEY_FROM_BACKPORTS
     "mesa-opencl-icd && export RUSTICL_ENABLE={driver}  # for the service: sudo systemctl edit "
     "motleyd, Environment=RUSTICL_ENABLE={driver}"},
    {136, "no-backend", "an Intel GPU older than its compute drivers",
     "Intel's OpenCL serves generation 8 (Broadwell) and newer. The one for generation 7 "
     "(beignet) has left Debian. The processor beside it computes faster.",
     "motley devices  # nothing to install: serve with cpu0"},
    {137, "no-backend", "a display adapter that cannot compute",
     "The VGA of a server's management processor or of a virtual machine draws a console and "
     "nothing else. It is listed so that nothing on the bus is missing.",
     "motley devices  # nothing to install: the other devices serve"},
    {138, "no-backend", "an NVIDIA architecture that no toolkit or driver of today serves",
     "Before Kepler: the last toolkit for Fermi was CUDA 8.0 with driver 390 (OpenCL 1.1), for "
     "Tesla chips CUDA 6.5 with driver 340. Debian 12 has neither driver, and Motley needs "
     "OpenCL 1.2.",
     "motley devices  # nothing to install: serve with the others, or change the card for "
     "Maxwell or newer"},
    {139, "no-backend", "an AMD architecture that no compute driver serves",
     "Before GCN (Radeon HD 6000 and older, some HD 7000): the kernel's radeon module draws with "
     "it, but neither ROCm nor Mesa's rusticl computes on it.",
     "motley devices  # nothing to install: serve with the others, or change the card for "
     "Polaris or newer"},

    {140, "no-driver", "no driver for the NVIDIA card",
     "No kernel module serves it. Debian's driver is 535, in the component non-free, for Maxwell "
     "to Ada and Hopper.",
     MOTLEY_ADD_NON_FREE
     "sudo apt install linux-headers-$(uname -r) nvidia-driver nvidia-opencl-icd && sudo reboot"},
    {141, "no-driver", "nouveau is bound to the NVIDIA card",
     "The free driver draws, but has no compute that Motley can use, and it keeps NVIDIA's "
     "module away. The package of NVIDIA's driver forbids nouveau at the next start.",
     MOTLEY_ADD_NON_FREE
     "sudo apt install linux-headers-$(uname -r) nvidia-driver nvidia-opencl-icd && sudo reboot"},
    {142, "no-driver", "NVIDIA's module is not built for the running kernel",
     "NVIDIA's libraries are installed but the module is not loaded. After a kernel update that "
     "is DKMS without the headers of the new kernel.",
     "sudo apt install linux-headers-{kernel} && sudo dkms autoinstall -k {kernel} && sudo "
     "modprobe nvidia  # if it fails: dkms status"},
    {143, "no-driver", "secure boot keeps NVIDIA's module out",
     "The kernel is locked down and loads only modules signed with a key the firmware knows. "
     "DKMS signs with its own key, which must be enrolled once at the machine's console. (The "
     "key is dkms.pub or mok.pub, by version of DKMS.)",
     "sudo apt install mokutil && sudo mokutil --import /var/lib/dkms/mok.pub && sudo reboot  # "
     "at the blue screen: Enroll MOK"},
    {144, "no-driver", "a Kepler card needs driver 470",
     "Drivers after 470 do not serve Kepler (GeForce 600 and 700, Tesla K). 470 is in Debian 12 "
     "as nvidia-tesla-470-driver; toolkits up to CUDA 11 serve compute 3.5 and 3.7, up to 10.2 "
     "compute 3.0.",
     MOTLEY_ADD_NON_FREE "sudo apt install linux-headers-$(uname -r) nvidia-tesla-470-driver "
                         "nvidia-tesla-470-opencl-icd && sudo reboot"},
    {145, "no-driver", "a Blackwell card needs driver 570 or newer with the open module",
     "GeForce RTX 50, RTX PRO Blackwell and B200 are served by the open kernel module alone, from "
     "570 on. Debian 12 has 535, so it comes from NVIDIA's repository; toolkits from CUDA 12.8 on "
     "know them.",
     "wget https://developer.download.nvidia.com/compute/cuda/repos/debian12/x86_64/"
     "cuda-keyring_1.1-1_all.deb && sudo apt install ./cuda-keyring_1.1-1_all.deb && sudo apt "
     "update && sudo apt install linux-headers-$(uname -r) nvidia-open && sudo reboot"},
    {146, "no-driver", "NVIDIA's module is loaded but does not take the card",
     "The module serves other cards, or none. The kernel's log says why: a card that is too new "
     "or too old for the driver, no room for its memory window, missing power, or a card that "
     "has fallen off the bus.",
     "sudo dmesg | grep -i -e nvrm -e {pci}  # what serves the card: sudo apt install "
     "nvidia-detect && nvidia-detect"},
    {147, "no-backend", "an Intel GPU newer than Debian's OpenCL library",
     "intel-opencl-icd of Debian 12 (22.43) ends with Arc A (Alchemist). For newer GPUs there "
     "are Mesa's rusticl in Debian's backports and Intel's own repository.",
     MOTLEY_ADD_BACKPORTS MOTLEY_FROM_BACKPORTS "mesa-opencl-icd && export RUSTICL_ENABLE=iris"},
    {148, "no-backend", "the OpenCL library does not show the card",
     "Driver and library are there and the nodes are open, but the library lists no such device. "
     "The usual cause is a library of another version than the module, as after an update "
     "without a restart; in a container, device rules that refuse the node.",
     "sudo apt install clinfo && clinfo -l  # after an update of the driver: sudo reboot"},
    {149, "no-backend", "no OpenCL for an AMD GPU that ROCm does not serve",
     "amdgpu is bound, but no OpenCL is installed. ROCm 7 does not list this GPU (gfx803 ended "
     "with ROCm 4, gfx906 with ROCm 6; most of Vega, RDNA 1, small cards and integrated GPUs are "
     "not on it). Mesa's rusticl serves every GPU that amdgpu does.",
     MOTLEY_ADD_BACKPORTS MOTLEY_FROM_BACKPORTS
     "mesa-opencl-icd && export RUSTICL_ENABLE=radeonsi"},
};

}  // namespace

std::span<const Case> DriverCases() { return kCases; }

}  // namespace motley

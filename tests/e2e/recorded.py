"""A recorded machine of hwprofiles/machines (docs/formats.md, recorded machines) written out as a folder."""

import pathlib

SPEEDS = {"1": "2.5", "2": "5.0", "3": "8.0", "4": "16.0", "5": "32.0", "6": "64.0"}


class Tree:
    def __init__(self, root, text):
        self.root = pathlib.Path(root)
        (self.root / "sys").mkdir(parents=True, exist_ok=True)
        for line in text.splitlines():
            line = line.lstrip(" ")
            if line and not line.startswith("#"):
                self._add(line)

    def _add(self, line):
        arrow, colon = line.find(" -> "), line.find(": ")
        if line.startswith("pci "):
            self._function(line.split()[1:])
        elif line.startswith("node "):
            self._node(line.split()[1:])
        elif arrow >= 0 and (colon < 0 or arrow < colon):
            self._link(line[:arrow], line[arrow + 4:])
        elif colon >= 0:
            self._file(line[:colon], _unescaped(line[colon + 2:]))
        elif line.endswith("/"):
            (self.root / line).mkdir(parents=True, exist_ok=True)

    def _function(self, words):
        chain, ids, code = words[:3]
        options = dict(word.partition("=")[::2] for word in words[3:])
        address = chain.rsplit("/", 1)[-1]
        host = chain.split("/", 1)[0].rsplit(":", 1)[0]
        folder = f"sys/devices/pci{host}/{chain}/"
        vendor, device = ids.split(":")
        for name, text in (("vendor", "0x" + vendor), ("device", "0x" + device), ("class", "0x" + code),
                           ("numa_node", options.pop("numa", "-1"))):
            self._file(folder + name, text + "\n")
        for key, prefix in (("link", "current"), ("max", "max")):
            if key in options:
                generation, lanes = options.pop(key).split("x")
                self._file(folder + prefix + "_link_speed", f"{SPEEDS[generation]} GT/s PCIe\n")
                self._file(folder + prefix + "_link_width", lanes + "\n")
        if "driver" in options:
            self._link(folder + "driver", "../bus/pci/drivers/" + options.pop("driver"))
        for name, text in options.items():
            if text:
                self._file(folder + name, _unescaped(text))
            else:
                (self.root / folder / name).mkdir(parents=True, exist_ok=True)
        self._link("sys/bus/pci/devices/" + address, "../../../" + folder.removeprefix("sys/"))

    def _node(self, words):
        options = dict(word.partition("=")[::2] for word in words[1:])
        folder = f"sys/devices/system/node/node{words[0]}/"
        self._file(folder + "cpulist", options.get("cpus", "") + "\n")
        self._file(folder + "meminfo", f"Node {words[0]} MemTotal:       {options['kib']} kB\n")
        if "distance" in options:
            self._file(folder + "distance", options["distance"].replace(",", " ") + " \n")

    def _file(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, encoding="utf-8")

    def _link(self, path, target):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        if not (self.root / path).is_symlink():
            (self.root / path).symlink_to(target)


def _unescaped(text):
    return text.replace("\\n", "\n").replace("\\t", "\t") + "\n"

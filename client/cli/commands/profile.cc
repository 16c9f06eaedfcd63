#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/os.h"
#include "client/cli/commands.h"
#include "client/cli/interrupt.h"
#include "client/cli/output.h"
#include "client/cli/show/profile_text.h"
#include "client/cli/show/roofline.h"
#include "daemon/planning/devices.h"
#include "daemon/worker/probe.h"
#include "hwprofiles/json_fields.h"

namespace motley {
namespace {

using nlohmann::json;

constexpr int kProbeMs = 20'000;
constexpr double kPair = 0.5, kQuickPair = 0.1;  // seconds of copies for each of four ways
constexpr uint64_t kFileLimit = 64 << 20;
constexpr int kInterruptedExit = 130, kNotReadyExit = 5;

struct Options {
  std::vector<std::string> devices, backends, only, compare;
  std::string save, plot, input;
  bool quick = false, list = false, check = false, as_json = false;
  bool stored() const { return check || !plot.empty(); }
  Format format() const { return as_json ? Format::kJson : Format::kText; }
};

// A bar on a terminal, else a line for every tenth.
class Progress {
 public:
  void Show(const std::string& device, const std::string& sweep, double part) {
    if (isatty(STDERR_FILENO)) return line_.Show(device + " " + sweep, part);
    const int tenth = static_cast<int>(part * 10);
    if (device == device_ && tenth <= tenth_) return;
    fmt::print(stderr, "{} {}% {}\n", device, tenth * 10, sweep);
    device_ = device;
    tenth_ = tenth;
  }
  void Clear() { line_.Clear(); }

 private:
  ProgressLine line_;
  std::string device_;
  int tenth_ = -1;
};

Result<ProfiledDevice> Measure(const DeviceInfo& info, const ProfileOptions& options,
                               Progress& progress) {
  const auto before = StoredOps(info);
  ProfileSink watch;
  watch.stop = Interrupted;
  watch.progress = [&](const std::string& sweep, double part) {
    progress.Show(info.id, sweep, part);
  };
  ProfiledDevice out;
  out.run = TRY(ProfileDevice(info, options, watch));
  progress.Clear();
  out.all = out.run.profile;
  if (!out.run.profile.self_test.ok()) return out;
  if (!out.run.profile.points.empty()) TRY(KeepOps(info, out.run.profile));
  if (before) {
    out.from_last = Compare(*before, out.run.profile);
    out.all = *before;
    MergeInto(out.run.profile, out.all);
  }
  return out;
}

bool WantsPairs(const Options& options) {
  const bool chosen =
      options.only.empty() || std::ranges::find(options.only, "copy") != options.only.end();
  return chosen && !options.stored();
}

// Every two devices that were measured, copying at once. What fails is said and left out: the
// profiles hold without it.
void MeasurePairs(const std::vector<DeviceInfo>& devices, bool quick,
                  std::vector<ProfiledDevice>& profiled) {
  for (size_t b = 1; b < profiled.size(); ++b) {
    for (size_t a = 0; a < b; ++a) {
      OpProfile of_a = profiled[a].run.profile, of_b = profiled[b].run.profile;
      if (Interrupted() || !of_a.self_test.ok() || !of_b.self_test.ok()) continue;
      for (OpProfile* profile : {&of_a, &of_b}) profile->points.clear(), profile->self_test = {};
      const Status measured =
          MeasurePair(devices[a], devices[b], quick ? kQuickPair : kPair, Interrupted, of_a, of_b);
      if (!measured.ok()) {
        if (!Interrupted()) ReportError(measured.error(), Format::kText);
        continue;
      }
      const auto keep = [&](size_t device, const OpProfile& points) {
        MergeInto(points, profiled[device].run.profile);
        MergeInto(points, profiled[device].all);
        const Status kept = KeepOps(devices[device], points);
        if (!kept.ok()) ReportError(kept.error(), Format::kText);
      };
      keep(a, of_a), keep(b, of_b);
    }
  }
}

// What the store has; what it has not is measured.
Result<std::vector<ProfiledDevice>> Profiles(const Options& options) {
  ProfileOptions how = options.quick ? QuickProfile() : ProfileOptions();
  how.only = options.only;
  const auto devices = TRY(ChooseDevices(ProbeAll(options.backends, kProbeMs), options.devices));
  WatchInterrupts();
  Progress progress;
  std::vector<ProfiledDevice> out;
  for (const DeviceInfo& info : devices) {
    if (Interrupted()) break;
    auto stored = options.stored() ? StoredOps(info) : std::nullopt;
    if (stored) {
      ProfiledDevice& known = out.emplace_back();
      known.run.profile = known.all = std::move(*stored);
      continue;
    }
    out.push_back(TRY(Measure(info, how, progress)));
  }
  if (WantsPairs(options)) MeasurePairs(devices, options.quick, out);
  return out;
}

int Save(const std::string& path, const std::vector<ProfiledDevice>& devices) {
  std::vector<OpProfile> profiles;
  for (const ProfiledDevice& device : devices) profiles.push_back(device.all);
  const auto machine = MachineOf(profiles);
  if (!machine.ok()) return ReportError(machine.error(), Format::kText);
  const Status written = WriteFileAtomically(path, ToJson(*machine).dump(1) + "\n");
  if (!written.ok()) return ReportError(written.error(), Format::kText);
  fmt::print(stderr, "saved {}\n", path);
  return 0;
}

void Print(const Options& options, const std::vector<ProfiledDevice>& devices) {
  if (options.as_json) {
    json out{{"schema", "motley.profiles/1"}, {"devices", json::array()}};
    for (const ProfiledDevice& device : devices) out["devices"].push_back(ToJson(device));
    std::puts(out.dump(-1, ' ', false, json::error_handler_t::replace).c_str());
    return;
  }
  for (const ProfiledDevice& device : devices) {
    fmt::print("{}", options.check ? CheckTable(device.all) : ResultTable(device));
  }
}

int ExitOf(const Options& options, const std::vector<ProfiledDevice>& devices) {
  int status = 0;
  for (const ProfiledDevice& device : devices) {
    if (device.run.error) status = ReportError(*device.run.error, Format::kText);
    if (!device.run.profile.self_test.ok()) status = kNotReadyExit;
    if (options.check && !QualityOf(FitOps(device.all)).ok()) status = status ? status : 1;
  }
  return Interrupted() ? kInterruptedExit : status;
}

Result<MachineProfile> ReadMachine(const std::string& path) {
  const std::string text = TRY(ReadFile(path, kFileLimit));
  const json document = TRY(ParseJson(text, path));
  return MachineFromJson(document);
}

Result<std::vector<RateChange>> CompareFiles(const std::vector<std::string>& paths) {
  const MachineProfile a = TRY(ReadMachine(paths[0]));
  const MachineProfile b = TRY(ReadMachine(paths[1]));
  return Compare(a, b);
}

int Plot(const Options& options, const Result<std::vector<OpProfile>>& profiles) {
  const Status drawn = profiles.ok() ? WriteRoofline(*profiles, options.plot) : profiles.error();
  if (!drawn.ok()) return ReportError(drawn.error(), options.format());
  fmt::print(stderr, "drew {}\n", options.plot);
  return 0;
}

// Of a recorded profile its points, of a machine file its layer_times.
int CheckFile(const Options& options) {
  const auto profiles = ReadProfiles(options.input);
  const auto machine = profiles.ok() ? MachineProfile() : ReadMachine(options.input);
  if (!profiles.ok() && !machine.ok()) return ReportError(profiles.error(), options.format());
  bool ok = true;
  if (profiles.ok()) {
    for (const OpProfile& profile : *profiles) {
      fmt::print("{}", CheckTable(profile));
      ok = ok && QualityOf(FitOps(profile)).ok();
    }
    return ok ? 0 : 1;
  }
  for (const DeviceProfile& device : machine->devices) {
    fmt::print("{}", LayerCheckTable(device));
    ok = ok && QualityOf(FitLayerTables(device)).median <= kLayerMedian;
  }
  return ok ? 0 : 1;
}

int Run(const Options& options) {
  if (options.list) {
    fmt::print("{}", options.as_json ? SweepsJson().dump() + "\n" : SweepTable());
    return 0;
  }
  if (!options.compare.empty()) {
    const auto changes = CompareFiles(options.compare);
    if (!changes.ok()) return ReportError(changes.error(), options.format());
    fmt::print("{}", options.as_json ? ToJson(*changes).dump() + "\n" : CompareTable(*changes));
    return 0;
  }
  if (!options.input.empty() && options.check) return CheckFile(options);
  if (!options.input.empty() && options.plot.empty()) {
    return ReportError(Error::Invalid("input", "--input is for --check and --plot"),
                       options.format());
  }
  if (!options.input.empty()) return Plot(options, ReadProfiles(options.input));
  const auto devices = Profiles(options);
  if (!devices.ok()) return ReportError(devices.error(), options.format());
  if (!options.plot.empty()) {
    std::vector<OpProfile> profiles;
    for (const ProfiledDevice& device : *devices) profiles.push_back(device.all);
    const int plotted = Plot(options, std::move(profiles));
    return plotted ? plotted : ExitOf(options, *devices);
  }
  Print(options, *devices);
  const int saved = options.save.empty() ? 0 : Save(options.save, *devices);
  const int status = ExitOf(options, *devices);
  return status ? status : saved;
}

}  // namespace

void AddProfileCommand(CLI::App& app, int* status) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "profile", "Measure what the devices can do; kept for each device, driver and build");
  command->footer(
      "Examples:\n  motley profile --quick\n  motley profile --device ocl0 --only gemm.q4_0,copy\n"
      "  motley profile --check\n  motley profile --save box.json\n"
      "  motley profile --plot box.svg\n");
  command->add_option("--device,--devices", options->devices, "which (default: all that are ready)")
      ->delimiter(',');
  command->add_option("--backend", options->backends, "ask only these backends for devices")
      ->delimiter(',');
  command->add_option("--only", options->only, "sweeps of --list, or a family: gemm, copy, roof")
      ->delimiter(',');
  command->add_flag("--quick", options->quick, "10 seconds for each device");
  command->add_flag("--list", options->list, "the sweeps, with what they measure");
  command->add_flag("--check", options->check,
                    "how well the fits predict what they did not see (exit 1: badly)");
  command->add_option("--save", options->save, "write the devices and links as motley.machine/1");
  CLI::Option* plot =
      command->add_option("--plot", options->plot,
                          "draw the rooflines, .svg or .png; measured is what the store lacks");
  plot->check([](const std::string& path) {
    const bool drawn = path.ends_with(".svg") || path.ends_with(".png");
    return drawn ? std::string() : path + " ends neither in .svg nor in .png";
  });
  command->add_option("--input", options->input,
                      "of --plot and --check: what --json printed, not the store; --check also "
                      "takes a machine file with layer_times");
  command->add_option("--compare", options->compare, "two files of --save")->expected(2);
  command->add_flag("--json", options->as_json, "print JSON");
  command->callback([options, status] { *status = Run(*options); });
}

}  // namespace motley

// Reads the description of the machine from /proc and the system's own calls.
#include "apps/machine.h"

#include <cmath>
#include <fstream>
#include <string>
#include <unistd.h>

#include <mujoco/mujoco.h>
#include <nlohmann/json.hpp>
#include <sched.h>
#include <sys/utsname.h>

namespace lockstep::apps {
namespace {

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

int usable_cores() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
}

std::string operating_system() {
  utsname name{};
  return uname(&name) == 0 ? std::string(name.sysname) + " " + name.release + " " + name.machine : "unknown";
}

}  // namespace

JsonRow machine_description() {
  const double bytes = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  JsonRow row;
  row["cpu"] = cpu_name();
  row["cores"] = usable_cores();
  row["memory_gib"] = std::round(bytes / (1 << 30) * 10) / 10;
  row["os"] = operating_system();
  row["compiler"] = std::string("g++ ") + __VERSION__;
  row["mujoco"] = mj_versionString();
  return row;
}

}  // namespace lockstep::apps

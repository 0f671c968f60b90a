// Writes episodes with the HDF5 C library.
#include "engine/atomic_file.h"
#include "engine/error.h"
#include "engine/hdf5_episodes.h"

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <hdf5.h>

namespace lockstep {
namespace {

// An open thing of HDF5; every call of it that fails becomes an Error that names the file.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t), const std::string& where) : id_(id), close_(close) {
    if (id < 0) throw MissingResource("HDF5 cannot write it", where, "free disk space, or choose another folder");
  }
  ~Handle() { close_(id_); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  [[nodiscard]] hid_t id() const { return id_; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

// What h5py reads as numpy's bool.
hid_t make_flag_type() {
  const hid_t type = H5Tenum_create(H5T_STD_I8LE);
  for (const auto& [name, value] : {std::pair{"FALSE", std::int8_t{0}}, std::pair{"TRUE", std::int8_t{1}}})
    H5Tenum_insert(type, name, &value);
  return type;
}

class Hdf5File {
 public:
  Hdf5File(const std::filesystem::path& path, std::string where)
      : where_(std::move(where)),
        file_((H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr),
               H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT)),
              H5Fclose, where_),
        flag_(make_flag_type(), H5Tclose, where_) {}

  void add_group(const std::string& name) const {
    const Handle group(H5Gcreate2(file_.id(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Gclose, where_);
  }
  void add_number(const std::string& of, const char* name, std::int64_t value) const {
    const Handle object(H5Oopen(file_.id(), of.c_str(), H5P_DEFAULT), H5Oclose, where_);
    const Handle space(H5Screate(H5S_SCALAR), H5Sclose, where_);
    const Handle attribute(H5Acreate2(object.id(), name, H5T_STD_I64LE, space.id(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose,
                           where_);
    require(H5Awrite(attribute.id(), H5T_NATIVE_INT64, &value));
  }
  // [rows][width], or [rows] where width is 0.
  void add(const std::string& name, std::span<const float> numbers, int width) const {
    write(name, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, numbers.data(), numbers.size(), width);
  }
  void add_indices(const std::string& name, std::span<const float> numbers) const {
    const std::vector<std::int64_t> indices(numbers.begin(), numbers.end());
    write(name, H5T_STD_I64LE, H5T_NATIVE_INT64, indices.data(), indices.size(), 0);
  }
  void add_flags(const std::string& name, std::span<const std::uint8_t> flags) const {
    write(name, flag_.id(), flag_.id(), flags.data(), flags.size(), 0);
  }
  void flush() const { require(H5Fflush(file_.id(), H5F_SCOPE_GLOBAL)); }

 private:
  void require(herr_t status) const {
    if (status < 0) throw MissingResource("HDF5 cannot write it", where_, "free disk space, or choose another folder");
  }
  void write(const std::string& name, hid_t stored, hid_t given, const void* data, size_t count, int width) const {
    const std::array<hsize_t, 2> extents{width > 0 ? count / static_cast<size_t>(width) : count,
                                         static_cast<hsize_t>(width)};
    const Handle space(H5Screate_simple(width > 0 ? 2 : 1, extents.data(), nullptr), H5Sclose, where_);
    const Handle set(H5Dcreate2(file_.id(), name.c_str(), stored, space.id(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                     H5Dclose, where_);
    require(H5Dwrite(set.id(), given, H5S_ALL, H5S_ALL, H5P_DEFAULT, data));
  }

  std::string where_;
  Handle file_, flag_;
};

void add_actions(const Hdf5File& file, const std::string& name, const EpisodeSet& set, std::span<const float> actions) {
  if (set.discrete_actions > 0) {
    file.add_indices(name, actions);
  } else {
    file.add(name, actions, set.action_size);
  }
}

// The file appears whole or not at all; HDF5 writes beside it.
void write_whole(const std::filesystem::path& path, const std::function<void(const Hdf5File&)>& fill) {
  AtomicFile target(path);
  {
    const Hdf5File file(target.temporary(), path.string());
    fill(file);
    file.flush();
  }
  target.commit();
}

void fill_minari(const EpisodeSet& set, const Hdf5File& file) {
  for (size_t k = 0; k < set.episodes.size(); ++k) {
    const RecordedEpisode& episode = set.episodes[k];
    const std::string group = fmt::format("episode_{}", k);
    file.add_group(group);
    file.add_number(group, "id", static_cast<std::int64_t>(k));
    file.add_number(group, "total_steps", static_cast<std::int64_t>(episode.rewards.size()));
    file.add(group + "/observations", episode.observations, set.observation_size);
    add_actions(file, group + "/actions", set, episode.actions);
    file.add(group + "/rewards", episode.rewards, 0);
    file.add_flags(group + "/terminations", episode.terminated);
    file.add_flags(group + "/truncations", episode.truncated);
  }
}

void fill_flat(const EpisodeSet& set, const Hdf5File& file) {
  RecordedEpisode all;
  std::vector<float> next;
  const auto append = [](const auto& from, auto& to) { to.insert(to.end(), from.begin(), from.end()); };
  for (const RecordedEpisode& episode : set.episodes) {
    const std::span<const float> seen(episode.observations);
    const auto width = static_cast<size_t>(set.observation_size);
    append(seen.first(seen.size() - width), all.observations);
    append(seen.subspan(width), next);
    append(episode.actions, all.actions);
    append(episode.rewards, all.rewards);
    append(episode.terminated, all.terminated);
    append(episode.truncated, all.truncated);
  }
  file.add("observations", all.observations, set.observation_size);
  file.add("next_observations", next, set.observation_size);
  add_actions(file, "actions", set, all.actions);
  file.add("rewards", all.rewards, 0);
  file.add_flags("terminals", all.terminated);
  file.add_flags("timeouts", all.truncated);
}

}  // namespace

void write_minari(const std::filesystem::path& folder, const EpisodeSet& set) {
  std::error_code problem;
  if (!std::filesystem::create_directory(folder, problem)) {
    throw Error(problem ? problem.message() : "it is there already", folder.string(),
                "name a new folder inside one that is there");
  }
  try {
    write_whole(folder / "main_data.hdf5", [&set](const Hdf5File& file) { fill_minari(set, file); });
    write_file(folder / "metadata.json", minari_metadata(set));
  } catch (const Error&) {
    std::filesystem::remove_all(folder, problem);
    throw;
  }
}

void write_flat_hdf5(const std::filesystem::path& file, const EpisodeSet& set) {
  write_whole(file, [&set](const Hdf5File& open) { fill_flat(set, open); });
}

}  // namespace lockstep

// Reads HDF5 files with the HDF5 C library: every numeric data set, and the names and units in its attributes.
#include "engine/byte_stream.h"
#include "engine/data_table.h"
#include "engine/error.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>
#include <hdf5.h>
#include <sys/resource.h>
#include <sys/wait.h>

namespace lockstep {
namespace {

constexpr hsize_t kMostNumbers = hsize_t{1} << 30;  // of one data set
constexpr int kDeepest = 8;                         // groups inside each other

// Closes what HDF5 opened.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  [[nodiscard]] hid_t id() const { return id_; }
  [[nodiscard]] bool is_open() const { return id_ >= 0; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

class Hdf5Reader {
 public:
  explicit Hdf5Reader(std::string where) : where_(std::move(where)) {}

  std::vector<DataArray> read() {
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // its errors are told by ours
    const Handle file(H5Fopen(where_.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
    if (!file.is_open()) fail("HDF5 cannot open it", "");
    read_group(file.id(), "", 0);
    return std::move(arrays_);
  }

 private:
  [[noreturn]] void fail(const std::string& problem, const std::string& name) const {
    throw Error(problem, name.empty() ? where_ : fmt::format("{}, data set '{}'", where_, name),
                "check the file with h5dump, or write it anew");
  }

  void read_group(hid_t group, const std::string& prefix, int depth) {
    H5G_info_t info{};
    if (depth > kDeepest || H5Gget_info(group, &info) < 0) fail("a group that cannot be read", prefix);
    for (hsize_t k = 0; k < info.nlinks; ++k) {
      char buffer[256];
      const ssize_t size =
          H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, k, buffer, sizeof buffer, H5P_DEFAULT);
      if (size <= 0 || size >= static_cast<ssize_t>(sizeof buffer)) fail("a name that cannot be read", prefix);
      const std::string name = prefix + buffer;
      const Handle object(H5Oopen(group, buffer, H5P_DEFAULT), H5Oclose);
      if (!object.is_open()) fail("it cannot be opened", name);
      const H5I_type_t kind = H5Iget_type(object.id());
      if (kind == H5I_GROUP) read_group(object.id(), name + "/", depth + 1);
      if (kind == H5I_DATASET) read_data_set(object.id(), name);
    }
  }

  void read_data_set(hid_t set, const std::string& name) {
    const Handle type(H5Dget_type(set), H5Tclose), space(H5Dget_space(set), H5Sclose);
    const H5T_class_t kind = type.is_open() ? H5Tget_class(type.id()) : H5T_NO_CLASS;
    if (kind == H5T_STRING) return;  // notes
    if (kind != H5T_FLOAT && kind != H5T_INTEGER && !is_flag(type.id(), kind)) fail("it holds no plain numbers", name);
    const int axes = H5Sget_simple_extent_ndims(space.id());
    if (axes < 0 || axes > 8) fail("a shape that cannot be read", name);
    hsize_t extents[8] = {};
    if (axes > 0) H5Sget_simple_extent_dims(space.id(), extents, nullptr);
    DataArray array{.name = name, .shape = {}, .values = {}, .columns = {}, .units = {}};
    hsize_t count = 1;
    for (int axis = 0; axis < axes; ++axis) {
      if (extents[axis] > 0 && count > kMostNumbers / extents[axis]) fail("more numbers than are read (2^30)", name);
      count *= extents[axis];
      array.shape.push_back(static_cast<std::int64_t>(extents[axis]));
    }
    array.values.resize(count);
    if (count > 0 && !(kind == H5T_ENUM ? read_flags(set, type.id(), array.values) : read_numbers(set, array.values))) {
      fail("its numbers cannot be read", name);
    }
    array.columns = texts_of(set, "names");
    array.units = texts_of(set, "units");
    arrays_.push_back(std::move(array));
  }

  // numpy's bool is a choice of names for 0 and 1 in a byte.
  static bool is_flag(hid_t type, H5T_class_t kind) { return kind == H5T_ENUM && H5Tget_size(type) == 1; }
  static bool read_flags(hid_t set, hid_t type, std::vector<double>& values) {
    std::vector<std::int8_t> bytes(values.size());
    if (H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()) < 0) return false;
    std::ranges::copy(bytes, values.begin());
    return true;
  }
  static bool read_numbers(hid_t set, std::vector<double>& values) {
    return H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0;
  }

  // An attribute of one text or several; empty where it is not there.
  static std::vector<std::string> texts_of(hid_t set, const char* name) {
    if (H5Aexists(set, name) <= 0) return {};
    const Handle attribute(H5Aopen(set, name, H5P_DEFAULT), H5Aclose);
    if (!attribute.is_open()) return {};
    const Handle type(H5Aget_type(attribute.id()), H5Tclose), space(H5Aget_space(attribute.id()), H5Sclose);
    const hssize_t count = H5Sget_simple_extent_npoints(space.id());
    if (H5Tget_class(type.id()) != H5T_STRING || count < 1 || count > 100000) return {};
    std::vector<std::string> texts;
    if (H5Tis_variable_str(type.id()) > 0) {
      std::vector<char*> raw(static_cast<size_t>(count), nullptr);
      if (H5Aread(attribute.id(), type.id(), raw.data()) < 0) return {};
      for (const char* text : raw) texts.emplace_back(text == nullptr ? "" : text);
      H5Dvlen_reclaim(type.id(), space.id(), H5P_DEFAULT, raw.data());
      return texts;
    }
    const size_t size = H5Tget_size(type.id());
    if (size == 0 || size > 1000) return {};
    std::vector<char> raw(static_cast<size_t>(count) * size);
    if (H5Aread(attribute.id(), type.id(), raw.data()) < 0) return {};
    for (size_t k = 0; k < static_cast<size_t>(count); ++k) {
      const char* const begin = raw.data() + k * size;
      texts.emplace_back(begin, std::find(begin, begin + size, '\0'));
    }
    return texts;
  }

  std::string where_;
  std::vector<DataArray> arrays_;
};

// ---- In a process of its own ----

// Seconds of processor time that reading may take: many times what an undamaged file of that size needs.
rlim_t longest_time(const std::string& where) {
  std::error_code unknown;
  const std::uintmax_t size = std::filesystem::file_size(where, unknown);
  return 2 + (unknown ? 0 : static_cast<rlim_t>(size / 20000000));
}

void write_texts(const std::vector<std::string>& texts, ByteWriter& out) {
  out.write(std::uint64_t{texts.size()});
  for (const std::string& text : texts) out.write(std::string_view(text));
}

std::vector<std::string> read_texts(ByteReader& in) {
  std::vector<std::string> texts(in.read<std::uint64_t>());
  for (std::string& text : texts) text = in.read_string();
  return texts;
}

// What the reader found, or its Error, as bytes.
std::vector<std::byte> outcome_of(const std::string& where) {
  ByteWriter out("hdf5 arrays", 1);
  try {
    const std::vector<DataArray> arrays = Hdf5Reader(where).read();
    out.write(std::uint8_t{1});
    out.write(std::uint64_t{arrays.size()});
    for (const DataArray& array : arrays) {
      out.write(std::string_view(array.name));
      out.write_array(std::span(array.shape));
      out.write_array(std::span(array.values));
      write_texts(array.columns, out);
      write_texts(array.units, out);
    }
  } catch (const Error& error) {
    out = ByteWriter("hdf5 arrays", 1);
    out.write(std::uint8_t{0});
    write_texts({error.problem(), error.where(), error.fix()}, out);
  }
  return std::move(out).finish();
}

std::vector<DataArray> arrays_in(std::span<const std::byte> bytes, const std::string& where) {
  ByteReader in(bytes, "hdf5 arrays", 1, where);
  if (in.read<std::uint8_t>() == 0) {
    const std::vector<std::string> texts = read_texts(in);
    throw Error(texts[0], texts[1], texts[2]);
  }
  std::vector<DataArray> arrays(in.read<std::uint64_t>());
  for (DataArray& array : arrays) {
    array.name = in.read_string();
    array.shape = in.read_vector<std::int64_t>();
    array.values = in.read_vector<double>();
    array.columns = read_texts(in);
    array.units = read_texts(in);
  }
  return arrays;
}

bool write_all(int descriptor, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace

// The HDF5 library may crash or hang on a damaged file: it reads in a child process, and the parent tells of it.
std::vector<DataArray> read_hdf5(const std::filesystem::path& path) {
  const std::string where = path.string();
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> passed(std::tmpfile(), std::fclose);
  const pid_t child = passed == nullptr ? -1 : fork();
  if (child < 0) {
    throw MissingResource("no process or temporary file to read it with", where,
                          "close other programs, free disk space");
  }
  if (child == 0) {
    const rlim_t seconds = longest_time(where);
    const rlimit limit{seconds, seconds + 1};
    setrlimit(RLIMIT_CPU, &limit);
    const bool is_written = write_all(fileno(passed.get()), outcome_of(where));
    _exit(is_written ? 0 : 1);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (WIFSIGNALED(status)) {
    const bool is_late = WTERMSIG(status) == SIGXCPU;
    throw Error(is_late ? "the HDF5 library did not finish reading it" : "the HDF5 library crashed reading it", where,
                "the file is damaged: write it anew");
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw MissingResource("what was read could not be passed on", where, "free disk space for temporary files");
  }
  std::vector<std::byte> bytes(static_cast<size_t>(lseek(fileno(passed.get()), 0, SEEK_END)));
  std::rewind(passed.get());
  if (std::fread(bytes.data(), 1, bytes.size(), passed.get()) != bytes.size()) {
    throw MissingResource("what was read could not be passed on", where, "free disk space for temporary files");
  }
  return arrays_in(bytes, where);
}

}  // namespace lockstep

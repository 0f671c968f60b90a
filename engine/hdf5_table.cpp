// Reads HDF5 files with the HDF5 C library: every numeric data set, and the names and units in its attributes.
#include "engine/data_table.h"
#include "engine/error.h"

#include <algorithm>

#include <fmt/format.h>
#include <hdf5.h>

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
    if (kind != H5T_FLOAT && kind != H5T_INTEGER) fail("it holds no plain numbers", name);
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
    if (count > 0 && H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, array.values.data()) < 0) {
      fail("its numbers cannot be read", name);
    }
    array.columns = texts_of(set, "names");
    array.units = texts_of(set, "units");
    arrays_.push_back(std::move(array));
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

}  // namespace

std::vector<DataArray> read_hdf5(const std::filesystem::path& path) { return Hdf5Reader(path.string()).read(); }

}  // namespace lockstep

// Writes HDF5 files for tests, where this build has the library.
#pragma once

#if LOCKSTEP_HAS_HDF5

#include <filesystem>
#include <vector>

#include <hdf5.h>

namespace lockstep::tests {

// Writes data sets [rows] or [rows][columns], in groups where their names have a slash.
class Hdf5Writer {
 public:
  explicit Hdf5Writer(const std::filesystem::path& path)
      : file_(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT)), links_(H5Pcreate(H5P_LINK_CREATE)) {
    H5Pset_create_intermediate_group(links_, 1);
  }
  ~Hdf5Writer() {
    H5Pclose(links_);
    H5Fclose(file_);
  }
  void add(const char* name, const std::vector<hsize_t>& shape, const std::vector<double>& values,
           const std::vector<const char*>& units = {}) {
    const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
    const hid_t set = H5Dcreate2(file_, name, H5T_IEEE_F32BE, space, links_, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    if (!units.empty()) {
      const hsize_t count = units.size();
      const hid_t texts = H5Screate_simple(1, &count, nullptr), type = H5Tcopy(H5T_C_S1);
      H5Tset_size(type, H5T_VARIABLE);
      const hid_t attribute = H5Acreate2(set, "units", type, texts, H5P_DEFAULT, H5P_DEFAULT);
      H5Awrite(attribute, type, units.data());
      H5Aclose(attribute), H5Tclose(type), H5Sclose(texts);
    }
    H5Dclose(set), H5Sclose(space);
  }

 private:
  hid_t file_, links_;
};

}  // namespace lockstep::tests

#endif

// Stands in for the HDF5 reader where this program was built without the HDF5 library.
#include "engine/data_table.h"
#include "engine/error.h"

namespace lockstep {

std::vector<DataArray> read_hdf5(const std::filesystem::path& path) {
  throw MissingResource("this program was built without HDF5", path.string(),
                        "install libhdf5-dev (Debian, Ubuntu) and configure anew, or convert the file to .npz or .csv");
}

}  // namespace lockstep

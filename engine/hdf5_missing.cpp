// Stands in for the HDF5 reader and writer where this program was built without the HDF5 library.
#include "engine/data_table.h"
#include "engine/error.h"
#include "engine/hdf5_episodes.h"

namespace lockstep {

std::vector<DataArray> read_hdf5(const std::filesystem::path& path) {
  throw MissingResource("this program was built without HDF5", path.string(),
                        "install libhdf5-dev (Debian, Ubuntu) and configure anew, or convert the file to .npz or .csv");
}

void write_minari(const std::filesystem::path& folder, const EpisodeSet& /*set*/) {
  throw MissingResource("this program was built without HDF5", folder.string(),
                        "install libhdf5-dev (Debian, Ubuntu) and configure anew");
}

void write_flat_hdf5(const std::filesystem::path& file, const EpisodeSet& set) { write_minari(file, set); }

}  // namespace lockstep

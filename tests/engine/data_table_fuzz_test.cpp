// Feeds mutated tables and archives to their readers: Error or a table of rows, never a crash (run under asan).
#include "engine/atomic_file.h"
#include "engine/data_table.h"
#include "engine/error.h"
#include "engine/recorded_motion.h"
#include "tests/engine/hdf5_writer.h"
#include "tests/engine/npz_writer.h"
#include "tests/engine/temporary_folder.h"
#include "tests/mutation.h"

#include <cmath>
#include <random>
#include <span>
#include <string>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

constexpr int kCases = 20000;

using tests::mutated;

// What came of a table must be whole: finite numbers, time that increases, notes for what was left out.
void check(const RecordedMotion& motion) {
  for (const RecordedTrajectory& t : motion.trajectories) {
    ASSERT_GE(t.rows(), 2);
    ASSERT_EQ(t.x.size(), t.time.size() * motion.state_names.size());
    for (size_t row = 0; row < t.time.size(); ++row) {
      ASSERT_TRUE(std::isfinite(t.time[row]));
      ASSERT_TRUE(row == 0 || t.time[row] > t.time[row - 1]);
    }
    for (const double value : t.x) ASSERT_TRUE(std::isfinite(value));
  }
}

TEST(CsvFuzz, MutatedTablesGiveErrorOrWholeTrajectories) {
  const std::string table =
      "t [s],trajectory,\"x\" (m),u0\n0,0,1.5,-2e-3\n0.1,0,,3\n0.2,0,nan,3\n# note\n0.3,0,2,3\n0.4,0,4,5\n0.5,1,4,5\n"
      "0.6,1,1,5\n0.7,1,6,7\n";
  std::mt19937 random(1);
  int read = 0;
  for (int k = 0; k < kCases; ++k) {
    try {
      check(parse_motion(mutated(table, random), "fuzz", {.missing = "split"}));
      ++read;
    } catch (const Error& error) {
      EXPECT_FALSE(error.problem().empty());
    }
  }
  EXPECT_GT(read, kCases / 20);
}

std::string archive(bool is_deflated) {
  tests::NpzWriter writer;
  writer.is_deflated = is_deflated;
  writer.add("t", {3}, std::vector<double>{0, 1, 2});
  writer.add("x", {3, 2}, std::vector<float>{1, 2, 3, 4, 5, 6});
  writer.add_texts("x_names", {"a", "b"});
  const std::vector<std::byte> bytes = writer.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class NpzFuzz : public testing::TestWithParam<bool> {};

TEST_P(NpzFuzz, MutatedArchivesGiveErrorOrATable) {
  const std::string whole = archive(GetParam());
  std::mt19937 random(2);
  for (int k = 0; k < kCases; ++k) {
    const std::string bytes = mutated(whole, random);
    try {
      const DataTable table = table_of(read_npz(std::as_bytes(std::span(bytes)), "fuzz"), "fuzz");
      ASSERT_EQ(table.values.size(), table.rows() * table.columns());
    } catch (const Error& error) {
      EXPECT_FALSE(error.problem().empty());
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Kinds, NpzFuzz, testing::Bool());

// Headers with a right checksum, so that types and shapes themselves are reached.
TEST(NpyFuzz, MutatedHeadersGiveErrorOrATable) {
  std::mt19937 random(3);
  int read = 0;
  for (int k = 0; k < kCases; ++k) {
    tests::NpzWriter writer;
    writer.add_raw("x", mutated("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }", random),
                   std::string(random() % 8 == 0 ? random() % 64 : 32, '\1'));
    try {
      const DataTable table = table_of(read_npz(writer.bytes(), "fuzz"), "fuzz");
      ASSERT_EQ(table.values.size(), table.rows() * table.columns());
      ++read;
    } catch (const Error& error) {
      EXPECT_FALSE(error.problem().empty());
    }
  }
  EXPECT_GT(read, kCases / 100);
}

// Arrays of any shape, as HDF5 files give them.
TEST(ArraysFuzz, AnyShapesGiveErrorOrATable) {
  std::mt19937 random(4);
  static const char* const kNames[] = {"t", "x", "dt", "a/t", "a/x", "b10/x", "b9/x", "", "/", "x0", "timestep"};
  for (int k = 0; k < kCases; ++k) {
    std::vector<DataArray> arrays(random() % 5);
    for (DataArray& array : arrays) {
      array.name = kNames[random() % std::size(kNames)];
      array.shape.resize(random() % 4);
      size_t count = 1;
      for (std::int64_t& extent : array.shape) {
        extent = static_cast<std::int64_t>(random() % 4);
        count *= static_cast<size_t>(extent);
      }
      array.values.assign(count, 1.0);
      if (random() % 4 == 0) array.columns.resize(random() % 4);
    }
    try {
      const DataTable table = table_of(arrays, "fuzz");
      ASSERT_EQ(table.values.size(), table.rows() * table.columns());
    } catch (const Error& error) {
      EXPECT_FALSE(error.problem().empty());
    }
  }
}

#if LOCKSTEP_HAS_HDF5
// The library itself crashes or hangs on some of these: an Error is told all the same.
TEST(Hdf5Fuzz, MutatedFilesGiveErrorOrATable) {
  const TemporaryFolder folder;
  tests::Hdf5Writer(folder / "data.h5").add("x", {5, 2}, std::vector<double>(10, 1.0), {"m", "s"});
  const std::vector<std::byte> whole = read_file(folder / "data.h5");
  std::mt19937 random(1);
  int read = 0;
  for (int k = 0; k < 60; ++k) {
    std::vector<std::byte> bytes = whole;
    for (int edit = 0; edit < 8; ++edit) bytes[random() % bytes.size()] = static_cast<std::byte>(random() % 256);
    write_file(folder / "fuzz.h5", bytes);
    try {
      const DataTable table = read_table(folder / "fuzz.h5");
      ASSERT_EQ(table.values.size(), table.rows() * table.columns());
      ++read;
    } catch (const Error& error) {
      EXPECT_FALSE(error.problem().empty());
    }
  }
  EXPECT_GT(read, 2);
}
#endif

}  // namespace
}  // namespace lockstep

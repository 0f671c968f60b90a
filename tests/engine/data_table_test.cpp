// Tables from NumPy's archives and HDF5 files: types, shapes, trajectories, units, and errors that name the array.
#include "engine/data_table.h"
#include "engine/atomic_file.h"
#include "engine/error.h"
#include "tests/engine/hdf5_writer.h"
#include "tests/engine/npz_writer.h"
#include "tests/engine/temporary_folder.h"

#include <functional>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

using tests::NpzWriter;
#if LOCKSTEP_HAS_HDF5
using tests::Hdf5Writer;
#endif

DataTable table(const NpzWriter& writer) { return table_of(read_npz(writer.bytes(), "data.npz"), "data.npz"); }

void expect_error(const std::function<void()>& act, const std::string& problem, const std::string& where) {
  try {
    act();
    FAIL() << "no Error";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find(problem), std::string::npos) << error.what();
    EXPECT_NE(error.where().find(where), std::string::npos) << error.what();
    EXPECT_FALSE(error.fix().empty());
  }
}

TEST(NpzTable, MakesColumnsOfArraysWithTheirNamesAndUnits) {
  NpzWriter writer;
  writer.add("t", {3}, std::vector<double>{0, 1, 2});
  writer.add("x", {3, 2}, std::vector<float>{1, 2, 3, 4, 5, 6});
  writer.add("u", {3}, std::vector<std::int16_t>{-7, 8, 9});
  writer.add_texts("x_names", {"th", "w"});
  writer.add_texts("x_units", {"rad", "rad/s"});
  const DataTable found = table(writer);
  EXPECT_EQ(found.names, (std::vector<std::string>{"t", "th", "w", "u"}));
  EXPECT_EQ(found.units, (std::vector<std::string>{"", "rad", "rad/s", ""}));
  EXPECT_EQ(found.values, (std::vector<double>{0, 1, 2, -7, 1, 3, 4, 8, 2, 5, 6, 9}));
  EXPECT_EQ(found.place(1), "data.npz, row 1");
}

TEST(NpzTable, StacksTrajectories) {
  NpzWriter writer;
  writer.add("t", {2}, std::vector<double>{0, 1});
  writer.add("x", {2, 2, 1}, std::vector<double>{1, 2, 3, 4});
  const DataTable found = table(writer);
  EXPECT_EQ(found.names, (std::vector<std::string>{"t", "x0", "trajectory"}));
  EXPECT_EQ(found.values, (std::vector<double>{0, 1, 0, 1, 2, 0, 0, 3, 1, 1, 4, 1}));
}

TEST(NpzTable, ReadsDeflatedFortranOrderedAndBigEndianArrays) {
  NpzWriter writer;
  writer.is_deflated = true;
  writer.is_fortran_ordered = true;
  writer.add("x", {2, 3}, std::vector<double>{1, 4, 2, 5, 3, 6});
  writer.is_fortran_ordered = false;
  writer.is_big_endian = true;
  writer.add("y", {2}, std::vector<std::int32_t>{1, 2});
  const DataTable found = table(writer);
  EXPECT_EQ(found.values, (std::vector<double>{1, 2, 3, 1, 4, 5, 6, 2}));
}

TEST(NpzTable, CountsTimeFromASingleStep) {
  NpzWriter writer;
  writer.add("dt", {}, std::vector<double>{0.5});
  writer.add("x", {3}, std::vector<double>{7, 8, 9});
  const DataTable found = table(writer);
  EXPECT_EQ(found.names, (std::vector<std::string>{"t", "x"}));
  EXPECT_EQ(found.values, (std::vector<double>{0, 7, 0.5, 8, 1, 9}));
}

TEST(NpzTable, NamesTheArrayThatDoesNotFit) {
  NpzWriter lengths;
  lengths.add("t", {3}, std::vector<double>{0, 1, 2});
  lengths.add("weights", {5}, std::vector<double>{0, 1, 2, 3, 4});
  expect_error([&] { (void)table(lengths); }, "'weights' [5] beside 't' [3]", "data.npz");
  NpzWriter objects;
  objects.add_raw("x", "{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", "12345678");
  expect_error([&] { (void)table(objects); }, "type '|O'", "array 'x'");
  NpzWriter cut;
  cut.add_raw("x", "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }", "12345678");
  expect_error([&] { (void)table(cut); }, "do not fill its shape", "array 'x'");
  NpzWriter huge;
  huge.add_raw("x", "{'descr': '<f8', 'fortran_order': False, 'shape': (4000000000, 4000000000), }", "12345678");
  expect_error([&] { (void)table(huge); }, "impossible shape", "array 'x'");
}

TEST(NpzTable, RefusesADamagedArray) {
  NpzWriter writer;
  writer.is_deflated = true;
  writer.add("x", {64}, std::vector<double>(64, 0.125));
  std::vector<std::byte> bytes = writer.bytes();
  bytes[60] ^= std::byte{0x10};
  expect_error([&] { (void)read_npz(bytes, "data.npz"); }, "damaged", "data.npz");
  bytes.resize(bytes.size() / 2);
  expect_error([&] { (void)read_npz(bytes, "data.npz"); }, "no zip archive", "data.npz");
}

TEST(DataTable, IsToldByTheFilesFirstBytes) {
  const TemporaryFolder folder;
  NpzWriter writer;
  writer.add("t", {2}, std::vector<double>{0, 1});
  write_file(folder / "archive.dat", writer.bytes());
  EXPECT_EQ(read_table(folder / "archive.dat").names, std::vector<std::string>{"t"});
  write_file(folder / "text.npz", std::string_view("t,x\n0,1\n"));
  expect_error([&] { (void)read_table(folder / "text.npz"); }, "no .npz file", "text.npz");
}

#if LOCKSTEP_HAS_HDF5

TEST(Hdf5Table, ReadsDataSetsWithUnits) {
  const TemporaryFolder folder;
  {
    Hdf5Writer writer(folder / "data.h5");
    writer.add("t", {3}, {0, 1, 2});
    writer.add("x", {3, 2}, {1, 2, 3, 4, 5, 6}, {"m", "m/s"});
  }
  const DataTable found = read_table(folder / "data.h5");
  EXPECT_EQ(found.names, (std::vector<std::string>{"t", "x0", "x1"}));
  EXPECT_EQ(found.units, (std::vector<std::string>{"", "m", "m/s"}));
  EXPECT_EQ(found.values, (std::vector<double>{0, 1, 2, 1, 3, 4, 2, 5, 6}));
}

TEST(Hdf5Table, TakesGroupsForTrajectoriesInTheirNumbersOrder) {
  const TemporaryFolder folder;
  {
    Hdf5Writer writer(folder / "data.h5");
    for (const char* name : {"run10/x", "run2/x", "run1/x"})
      writer.add(name, {2}, {name[3] - '0' + 0.0, name[4] - '0' + 0.0});
    writer.add("dt", {1}, {0.25});
  }
  const DataTable found = read_table(folder / "data.h5");
  EXPECT_EQ(found.names, (std::vector<std::string>{"t", "x", "trajectory"}));
  EXPECT_EQ(found.at(0, 1), 1);
  EXPECT_EQ(found.at(2, 1), 2);
  EXPECT_EQ(found.at(4, 2), 2);
  EXPECT_EQ(found.at(5, 0), 0.25);
}

TEST(Hdf5Table, RefusesAFileThatIsCutShort) {
  const TemporaryFolder folder;
  { Hdf5Writer(folder / "data.h5").add("x", {200}, std::vector<double>(200, 1.0)); }
  std::vector<std::byte> bytes = read_file(folder / "data.h5");
  bytes.resize(bytes.size() / 3);
  write_file(folder / "cut.h5", bytes);
  expect_error([&] { (void)read_table(folder / "cut.h5"); }, "HDF5 cannot open it", "cut.h5");
}

#endif

TEST(ArraysAsATable, WithoutColumnsAreAnErrorAlsoBesideAGroupThatHasSome) {
  const std::vector<DataArray> arrays{{.name = "a/x", .shape = {2, 0}, .values = {}, .columns = {}, .units = {}},
                                      {.name = "b/x", .shape = {3}, .values = {1, 2, 3}, .columns = {}, .units = {}}};
  try {
    (void)table_of(arrays, "run.h5");
    FAIL() << "expected Error";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("without columns"), std::string::npos) << error.problem();
  }
}

}  // namespace
}  // namespace lockstep

// Tests of safetensors files: round trips, a file written by hand from the format's description, refusals, mutations.
#include "models/networks/safetensors.h"
#include "engine/error.h"
#include "tests/engine/temporary_folder.h"
#include "tests/mutation.h"

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::models::networks {
namespace {

std::vector<std::byte> file_of(const std::string& header, const std::vector<float>& numbers) {
  std::vector<std::byte> bytes(8 + header.size() + numbers.size() * sizeof(float));
  const std::uint64_t size = header.size();
  std::memcpy(bytes.data(), &size, 8);
  std::memcpy(bytes.data() + 8, header.data(), header.size());
  std::memcpy(bytes.data() + 8 + header.size(), numbers.data(), numbers.size() * sizeof(float));
  return bytes;
}

// What decoding complains about.
std::string complaint(const std::vector<std::byte>& bytes) {
  try {
    static_cast<void>(decode_safetensors(bytes, "policy.safetensors"));
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), "policy.safetensors");
    EXPECT_FALSE(error.fix().empty());
    return error.problem();
  }
  return "nothing";
}

TEST(Safetensors, ReadAFileWrittenByTheFormatsDescription) {
  const TensorFile file = decode_safetensors(
      file_of(R"({"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},"__metadata__":{"task":"x"},)"
              R"("a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}} )",
              {1.5f, -2, 3}),
      "test");
  ASSERT_EQ(file.tensors.size(), 2u);
  EXPECT_EQ(file.tensors[0].name, "a");
  EXPECT_EQ(file.tensors[0].shape, (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(file.tensors[0].values, (std::vector<double>{1.5, -2}));
  EXPECT_EQ(file.tensors[1].values, (std::vector<double>{3}));
  EXPECT_EQ(file.metadata.at("task"), "x");
}

TEST(Safetensors, BeginTheirNumbersAtAMultipleOfEightBytes) {
  const auto bytes = encode_safetensors({.tensors = {{.name = "abc", .shape = {1}, .values = {1}}}, .metadata = {}});
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), 8);
  EXPECT_EQ(header % 8, 0u);
  EXPECT_EQ(bytes.size(), 8 + header + 4);
}

template <class R>
std::vector<R> there_and_back() {
  const TemporaryFolder folder;
  const Network<R> network(3, {{.outputs = 4, .activation = Activation::kTanh, .is_normalised = true}, {.outputs = 2}});
  std::vector<R> parameters(static_cast<size_t>(network.num_parameters())), read(parameters.size());
  network.initialise(1, 0, parameters);
  TensorFile file;
  append_parameters<R>(network, parameters, "actor.", file);
  save_safetensors(folder / "policy.safetensors", file);
  take_parameters<R>(network, load_safetensors(folder / "policy.safetensors"), "actor.", "test", read);
  EXPECT_EQ(read, parameters);
  return read;
}

TEST(Safetensors, GiveFloatParametersBackBitByBit) { there_and_back<float>(); }
TEST(Safetensors, GiveDoubleParametersBackBitByBit) { there_and_back<double>(); }

TEST(Safetensors, SayWhichTensorIsMissingOrOfAnotherShape) {
  const Network<float> network(3, {{.outputs = 4}});
  std::vector<float> parameters(static_cast<size_t>(network.num_parameters()));
  TensorFile file;
  append_parameters<float>(Network<float>(2, {{.outputs = 4}}), std::vector<float>(12), "", file);
  for (const auto& [prefix, expected] : {std::pair{"actor.", "there is no tensor 'actor.layers.0.kernel'"},
                                         std::pair{"", "has shape [2, 4], not [3, 4]"}}) {
    try {
      take_parameters<float>(network, file, prefix, "test", parameters);
      FAIL() << "another architecture was accepted";
    } catch (const Error& error) {
      EXPECT_NE(error.problem().find(expected), std::string::npos) << error.problem();
    }
  }
}

TEST(Safetensors, AreRefusedWhenCutShort) {
  const auto bytes = file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", {1});
  EXPECT_EQ(complaint(bytes), "tensor 'a' is not where the one before it ends");
  EXPECT_EQ(complaint({bytes.begin(), bytes.begin() + 20}), "the header is said to be 54 bytes long, the file has 20");
  EXPECT_EQ(complaint({bytes.begin(), bytes.begin() + 5}), "the file is shorter than the size of its header");
}

TEST(Safetensors, AreRefusedWithGapsTailsAndWrongShapes) {
  EXPECT_EQ(complaint(file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", {1, 2})),
            "tensor 'a' is not where the one before it ends");
  EXPECT_EQ(complaint(file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", {1, 2})),
            "4 bytes lie behind the last tensor");
  EXPECT_EQ(complaint(file_of(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", {1, 2})),
            "tensor 'a' is not as long as its shape says");
  EXPECT_EQ(complaint(file_of(R"({"a":{"dtype":"F32","shape":[4611686018427387905,4],"data_offsets":[0,4]}})", {1})),
            "tensor 'a' is not as long as its shape says");
}

TEST(Safetensors, AreRefusedWithNumbersOfAnotherType) {
  EXPECT_EQ(complaint(file_of(R"({"a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}})", {1})),
            "tensor 'a' is of type \"BF16\"");
}

TEST(SafetensorsFuzz, MutatedFilesGiveErrorOrTensors) {
  const auto bytes = encode_safetensors({.tensors = {{.name = "a", .shape = {2, 3}, .values = {1, 2, 3, 4, 5, 6}},
                                                     {.name = "b", .shape = {}, .is_double = true, .values = {7}}},
                                         .metadata = {{"task", "x"}}});
  const std::string whole(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::mt19937 random(1);
  int read = 0;
  for (int k = 0; k < 20000; ++k) {
    const std::string text = tests::mutated(whole, random);
    try {
      static_cast<void>(decode_safetensors(std::as_bytes(std::span(text)), "fuzz"));
      ++read;
    } catch (const Error& error) {
      EXPECT_FALSE(error.problem().empty());
    }
  }
  EXPECT_GT(read, 100);  // edits of numbers alone
}

}  // namespace
}  // namespace lockstep::models::networks
